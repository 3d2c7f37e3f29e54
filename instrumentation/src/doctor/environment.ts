import { hint, ok, wrong, type Diagnosis, type Environment } from './diagnosis.ts';

export function serviceName(env: Environment): Diagnosis {
  const inResource = /(?:^|,)\s*service\.name=([^,]+)/.exec(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '');
  const name = env['OTEL_SERVICE_NAME'] || inResource?.[1];
  return name
    ? ok('service name', name)
    : hint(
        'service name',
        'OTEL_SERVICE_NAME is not set; all such services are one, unknown_service:node',
        'OTEL_SERVICE_NAME=order',
      );
}

/** Checks the variables that switch telemetry off or send it elsewhere. */
export function* switches(env: Environment): Generator<Diagnosis> {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true')
    yield wrong('switched on', 'OTEL_SDK_DISABLED=true', 'unset OTEL_SDK_DISABLED');
  const exporters = (env['OTEL_TRACES_EXPORTER'] ?? 'otlp').split(',').map((name) => name.trim());
  if (!exporters.includes('otlp'))
    yield hint(
      'traces exporter',
      `OTEL_TRACES_EXPORTER=${exporters.join(',')}: an SDK that follows it sends nothing by OTLP`,
      'unset OTEL_TRACES_EXPORTER, or set it to otlp',
    );
}

export function sampling(env: Environment): Diagnosis {
  const sampler = env['OTEL_TRACES_SAMPLER'] ?? 'parentbased_always_on';
  const ratio = Number(env['OTEL_TRACES_SAMPLER_ARG'] ?? 1);
  const drops = sampler.endsWith('always_off') || (sampler.includes('traceidratio') && ratio < 1);
  return drops
    ? wrong(
        'sampling',
        `${sampler}${sampler.includes('ratio') ? ` ${ratio}` : ''}`,
        'A flow spans many traces: sampled one by one, hardly any is whole. Use always_on, or sample by flow id.',
      )
    : ok('sampling', sampler);
}

export function propagators(env: Environment): Diagnosis {
  const value = env['OTEL_PROPAGATORS'] ?? 'tracecontext,baggage';
  const list = value.split(',').map((name) => name.trim());
  const missing = ['tracecontext', 'baggage'].filter((name) => !list.includes(name));
  return missing.length === 0
    ? ok('propagators', value)
    : wrong(
        'propagators',
        value,
        `OTEL_PROPAGATORS=tracecontext,baggage: without ${missing.join(' and ')} services without this package lose the flow`,
      );
}

export function limits(env: Environment): Diagnosis {
  const limit = env['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT'] ?? env['OTEL_ATTRIBUTE_COUNT_LIMIT'];
  const length =
    env['OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'] ?? env['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT'];
  const links = env['OTEL_SPAN_LINK_COUNT_LIMIT'];
  const tight = [
    ...(limit !== undefined && Number(limit) < 32 ? [`${limit} attributes a span`] : []),
    ...(length !== undefined && Number(length) < 64 ? [`${length} characters an attribute`] : []),
    ...(links !== undefined && Number(links) < 128 ? [`${links} links a span`] : []),
  ];
  return tight.length === 0
    ? ok('limits', 'as OpenTelemetry has them')
    : wrong(
        'limits',
        tight.join(', '),
        'Flow ids, message ids or links may be cut off. Raise OTEL_*_LIMIT.',
      );
}
