import { join } from 'node:path';
import { Transport, type GrpcOptions } from '@nestjs/microservices';

export const grpc = {
  transport: Transport.GRPC,
  options: {
    url: `127.0.0.1:${process.env.GRPC_PORT ?? 5000}`,
    package: 'mail',
    protoPath: join(__dirname, 'mail.proto'),
  },
} satisfies GrpcOptions;
