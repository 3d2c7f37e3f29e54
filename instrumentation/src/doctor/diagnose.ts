import { clients } from './clients.ts';
import type { Diagnosis, Environment } from './diagnosis.ts';
import { limits, propagators, sampling, serviceName, switches } from './environment.ts';
import { exporter } from './exporter.ts';
import { installedPackages } from './installed.ts';
import { registered } from './registered.ts';
import { oneApi, sdkInstalled } from './sdk.ts';

/** Checks a service's folder and environment, and yields one diagnosis after another. */
export async function* diagnose(folder: string, env: Environment): AsyncGenerator<Diagnosis> {
  const installed = installedPackages(folder);
  yield sdkInstalled(folder, installed);
  yield oneApi(folder, installed);
  yield registered(folder, env, installed);
  yield serviceName(env);
  yield* switches(env);
  yield sampling(env);
  yield propagators(env);
  yield limits(env);
  yield* clients(installed);
  yield* exporter(env);
}
