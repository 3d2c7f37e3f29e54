import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { delay, map, of, type Observable } from 'rxjs';
import { transports } from './transports.ts';

@Controller()
class MailController {
  @MessagePattern({ cmd: 'check_address' })
  checkAddress(@Payload() user: { mail: string }): Observable<boolean> {
    return of(user.mail).pipe(
      delay(30),
      map((mail) => {
        if (!mail.includes('@')) throw new RpcException(`no address: ${mail}`);
        return true;
      }),
    );
  }

  @EventPattern('user_created')
  async welcome(@Payload() user: { mail: string }): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 30));
    if (user.mail.endsWith('.invalid')) throw new Error('mail server down');
  }
}

@Controller()
class NamesController {
  @MessagePattern('name_of')
  async nameOf(@Payload() user: { mail: string }): Promise<string> {
    await new Promise(setImmediate);
    return user.mail.split('@')[0]!;
  }
}

@Module({ controllers: [MailController, NamesController] })
class MailModule {}

async function bootstrap(): Promise<void> {
  const only = process.env.ONLY_TRANSPORT;
  for (const [name, transport] of Object.entries(transports)) {
    if (only !== undefined && only !== name) continue;
    const app = await NestFactory.createMicroservice(MailModule, transport);
    await app.listen();
  }
  process.send?.('ready');
}
void bootstrap();
