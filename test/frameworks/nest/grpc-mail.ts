import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod, RpcException } from '@nestjs/microservices';
import { concatMap, delay, from, of, type Observable } from 'rxjs';
import { grpc } from './grpc.ts';

@Controller()
class MailController {
  @GrpcMethod('Mail', 'CheckAddress')
  async checkAddress({ mail }: { mail: string }): Promise<{ isValid: boolean }> {
    await new Promise((resolve) => setTimeout(resolve, 30));
    if (!mail.includes('@')) throw new RpcException(`no address: ${mail}`);
    return { isValid: true };
  }

  @GrpcMethod('Mail', 'Send')
  send({ mail }: { mail: string }): Observable<{ percent: number }> {
    return from([50, 100]).pipe(
      concatMap((percent) => {
        if (percent === 100 && mail.endsWith('.invalid')) throw new Error('mail server down');
        return of({ percent }).pipe(delay(20));
      }),
    );
  }
}

@Module({ controllers: [MailController] })
class MailModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.createMicroservice(MailModule, grpc);
  await app.listen();
  process.send?.('ready');
}
void bootstrap();
