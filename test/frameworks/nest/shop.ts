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

const askName = (id: string, mail: string, over: Over): Promise<string> =>
  startFlow({ id, type: 'greeting' }, () =>
    firstValueFrom<string>(clients[over]!.send('name_of', { mail })),
  );

interface Order {
  id: string;
  mail: string;
  over: Over;
  isName?: boolean;
}
process.on('message', ({ id, mail, over, isName }: Order) => {
  const work = isName === true ? askName : register;
  work(id, mail, over).then(
    (answer) => console.log(id, answer),
    (error: unknown) => console.error(id, error),
  );
});
process.send?.('ready');
