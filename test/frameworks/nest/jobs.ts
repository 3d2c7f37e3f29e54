import 'reflect-metadata';
import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { startFlow } from '@fermata/instrumentation';
import type { Job, Queue } from 'bullmq';

const name = process.env.JOBS_QUEUE ?? 'audio';

@Processor(name)
class AudioProcessor extends WorkerHost {
  async process(job: Job<{ path: string }>): Promise<void> {
    if (job.data.path.startsWith('missing')) throw new Error(`no such file: ${job.data.path}`);
  }
}

@Module({
  imports: [
    BullModule.forRoot({ connection: { host: '127.0.0.1', port: 6379 } }),
    BullModule.registerQueue({ name }),
  ],
  providers: [AudioProcessor],
})
class JobsModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.createApplicationContext(JobsModule);
  const queue = app.get<Queue>(getQueueToken(name));
  process.on('message', ({ id, path }: { id: string; path: string }) => {
    void startFlow({ id, type: 'audio' }, () => queue.add('transcode', { path }, { attempts: 3 }));
  });
  process.send?.('ready');
}
void bootstrap();
