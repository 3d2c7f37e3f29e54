import { expect, test } from 'vitest';
import { FermataError } from '../base/errors.ts';
import { emptyExport, LIMITS } from '../model/otlp.ts';
import { TraceResponse, RpcStatus } from '../testing/otlp-encoder.ts';
import { failure, grpcFailure, success } from './otlp-answer.ts';

const cut = { ...emptyExport(), rejected: 300, rejectedReason: 'record 0: bad id', truncated: 2 };
const asJson = (body: Buffer): unknown => JSON.parse(body.toString());
const asStatus = (body: Buffer): { code: number; message: string } =>
  RpcStatus.toObject(RpcStatus.decode(body)) as never;

test('where all was taken there is nothing to say', () => {
  expect(success(emptyExport(), 'json', 'spans')).toEqual({ status: 200, body: Buffer.from('{}') });
  expect(success(emptyExport(), 'protobuf', 'logs')).toEqual({
    status: 200,
    body: Buffer.alloc(0),
  });
});

test('what was refused or cut is said in either encoding', () => {
  const errorMessage =
    'record 0: bad id; 2 attributes, links, events or texts were cut to the limits';
  expect(asJson(success(cut, 'json', 'spans').body)).toEqual({
    partialSuccess: { rejectedSpans: '300', errorMessage },
  });
  expect(asJson(success(cut, 'json', 'logs').body)).toEqual({
    partialSuccess: { rejectedLogRecords: '300', errorMessage },
  });
  const { body } = success(cut, 'protobuf', 'spans');
  expect(TraceResponse.toObject(TraceResponse.decode(body), { longs: String })).toEqual({
    partialSuccess: { rejectedSpans: '300', errorMessage },
  });
});

test('a warning alone refuses nothing', () => {
  const warned = { ...emptyExport(), namesCut: 1 };
  const { body } = success(warned, 'protobuf', 'spans');
  expect(TraceResponse.toObject(TraceResponse.decode(body), { longs: String })).toEqual({
    partialSuccess: {
      errorMessage: `1 names are longer than ${LIMITS.name} characters and were cut`,
    },
  });
});

test.each([
  ['otlp.too-large', 413, 8],
  ['otlp.unsupported-type', 415, 12],
  ['otlp.unsupported-encoding', 415, 12],
  ['otlp.malformed', 400, 3],
] as const)('%s is for good: %i, and nothing to retry', (code, http, grpc) => {
  const error = new FermataError(code, 'so it is');
  expect(failure(error, 'json', 0.5)).toEqual({
    status: http,
    body: Buffer.from(JSON.stringify({ code: grpc, message: `${code}: so it is` })),
  });
  const { status, ...said } = grpcFailure(error, 0.5);
  expect(said).toEqual({ code: grpc, details: `${code}: so it is` });
  expect(asStatus(status)).toMatchObject({ code: grpc });
  expect(status.toString('latin1')).not.toContain('RetryInfo');
});

test('what passes is told to come again, and so is what nobody foresaw', () => {
  const passes = new FermataError('intake.full', 'full', { retryable: true });
  for (const error of [passes, new TypeError('x is not a function'), 'thrown text']) {
    expect(failure(error, 'protobuf', 0)).toMatchObject({ status: 503, retryAfterSeconds: 1 });
    expect(grpcFailure(error, 0).code).toBe(14);
  }
});

test('senders come again over one to three seconds', () => {
  const after = [0, 0.2, 0.5, 0.8, 1].map(
    (jitter) => failure(new Error('x'), 'json', jitter).retryAfterSeconds,
  );
  expect(after).toEqual([1, 1, 2, 3, 3]);
});

test('over gRPC the time to wait stands in the details', () => {
  const { status } = grpcFailure(new Error('x'), 1);
  expect(status.toString('latin1')).toContain('type.googleapis.com/google.rpc.RetryInfo');
  // The bytes encode `retry_delay { seconds: 3 }`.
  expect(status.subarray(-4)).toEqual(Buffer.from([0x0a, 2, 8, 3]));
});

test('a status has a bounded text', () => {
  const { body } = failure(new FermataError('otlp.malformed', 'x'.repeat(5000)), 'protobuf', 0);
  expect(asStatus(body).message).toHaveLength(1024);
});
