import { startFlow } from '@fermata/instrumentation';
import { ClientProxyFactory } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { transports } from './transports.ts';

type Over = keyof typeof transports;
const clients = Object.fromEntries(
  Object.entries(transports).map(([name, options]) => [name, ClientProxyFactory.create(options)]),
);

export const register = (id: string, mail: string, over: Over): Promise<boolean> =>
  startFlow({ id, type: 'registration' }, async () => {
    const client = clients[over]!;
    const isValid = await firstValueFrom<boolean>(client.send({ cmd: 'check_address' }, { mail }));
    await firstValueFrom(client.emit('user_created', { mail }), { defaultValue: null });
    return isValid;
  });

process.on('message', ({ id, mail, over }: { id: string; mail: string; over: Over }) => {
  register(id, mail, over).then(
    (isValid) => console.log(id, isValid),
    (error: unknown) => console.error(id, error),
  );
});
process.send?.('ready');
