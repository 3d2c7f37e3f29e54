import { startFlow } from '@fermata/instrumentation';
import { ClientProxyFactory, type ClientGrpc } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, type Observable } from 'rxjs';
import { grpc } from './grpc.ts';

interface Mail {
  checkAddress(user: { mail: string }): Observable<{ isValid: boolean }>;
  send(user: { mail: string }): Observable<{ percent: number }>;
}

const client = ClientProxyFactory.create(grpc) as unknown as ClientGrpc;
const mails = client.getService<Mail>('Mail');

export const register = (id: string, mail: string): Promise<number> =>
  startFlow({ id, type: 'registration' }, async () => {
    await firstValueFrom(mails.checkAddress({ mail }));
    const { percent } = await lastValueFrom(mails.send({ mail }));
    return percent;
  });

process.on('uncaughtException', (error) => console.error('unhandled:', error.message));
process.on('message', ({ id, mail, isHeard }: Record<'id' | 'mail' | 'isHeard', string>) => {
  if (isHeard === 'no') {
    mails.checkAddress({ mail }).subscribe(({ isValid }) => console.log(id, isValid));
    return;
  }
  register(id, mail).then(
    (percent) => console.log(id, percent),
    (error: unknown) => console.error(id, error),
  );
});
process.send?.('ready');
