import { createServer, request as ask, type IncomingHttpHeaders, type Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import express from 'express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeServer, listen } from '../base/http.ts';
import { compressAnswers, compressedFiles } from './compression.ts';

const LONG = { text: 'ünlike '.repeat(1000) };
const SCRIPT = 'export const answer = 42;\n'.repeat(100);
let server: Server;
let port: number;
let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'fermata-test-'));
  writeFileSync(join(root, 'a.js'), SCRIPT);
  writeFileSync(join(root, 'a.js.br'), brotliCompressSync(SCRIPT));
  writeFileSync(join(root, 'a.js.gz'), gzipSync(SCRIPT));
  writeFileSync(join(root, 'plain.js'), SCRIPT);
  const app = express();
  app.use('/api', compressAnswers);
  app.get('/api/long', (_request, response) => void response.json(LONG));
  app.get('/api/short', (_request, response) => void response.json({}));
  app.get(
    '/api/wrong',
    (_request, response) =>
      void response.status(400).type('application/problem+json').send(JSON.stringify(LONG)),
  );
  app.use('/assets', compressedFiles(root, { immutable: true, maxAge: '1y' }));
  app.use('/assets', express.static(root));
  server = createServer(app);
  port = await listen(server, '127.0.0.1', 0, '', '');
});
afterAll(async () => {
  await closeServer(server);
  rmSync(root, { recursive: true });
});

/**
 * Sends a request with `node:http`, because `fetch` would decompress the answer and add headers.
 */
const get = (
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> =>
  new Promise((resolve, reject) => {
    const sent = ask({ host: '127.0.0.1', port, path, headers, method }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        resolve({ status: answer.statusCode!, headers: answer.headers, body });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
const GZIP = { 'accept-encoding': 'gzip, deflate' };
const BROWSER = { 'accept-encoding': 'gzip, deflate, br, zstd' };

test('a long answer is compressed for whom accepts that, and is the same', async () => {
  const { headers, body } = await get('/api/long', BROWSER);
  expect(headers).toMatchObject({
    'content-encoding': 'gzip',
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(body.length),
    vary: 'Accept-Encoding',
  });
  expect(body.length).toBeLessThan(500);
  expect(JSON.parse(gunzipSync(body).toString())).toEqual(LONG);
  const problem = await get('/api/wrong', GZIP);
  expect(problem.status).toBe(400);
  expect(problem.headers['content-type']).toContain('application/problem+json');
  expect(JSON.parse(gunzipSync(problem.body).toString())).toEqual(LONG);
});

test.each([{}, { 'accept-encoding': 'gzip;q=0' }, { 'accept-encoding': 'identity' }])(
  'who does not accept it gets the answer and the file as they are: %o',
  async (headers: Record<string, string>) => {
    const answer = await get('/api/long', headers);
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.headers.vary).toBe('Accept-Encoding');
    expect(JSON.parse(answer.body.toString())).toEqual(LONG);
    const file = await get('/assets/a.js', headers);
    expect(file.headers['content-encoding']).toBeUndefined();
    expect(file.headers.vary).toBe('Accept-Encoding');
    expect(file.body.toString()).toBe(SCRIPT);
  },
);

test('a short answer is sent as it is', async () => {
  const { headers, body } = await get('/api/short', GZIP);
  expect(headers['content-encoding']).toBeUndefined();
  expect(body.toString()).toBe('{}');
});

test.each(['/api/long', '/assets/a.js'])(
  '%s: HEAD says what GET would, and who has it gets 304; each form has a tag of its own',
  async (path) => {
    const whole = await get(path, GZIP);
    const head = await get(path, GZIP, 'HEAD');
    expect(head.body).toHaveLength(0);
    const { date: _date, ...said } = head.headers;
    expect(whole.headers).toMatchObject(said);
    const again = await get(path, { ...GZIP, 'if-none-match': whole.headers.etag! });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    const plain = await get(path, { 'if-none-match': whole.headers.etag! });
    expect(plain.status).toBe(200);
    expect(plain.headers.etag).not.toBe(whole.headers.etag);
  },
);

test('a file is sent in the smallest form there is', async () => {
  const best = await get('/assets/a.js?x', BROWSER);
  expect(best.headers).toMatchObject({
    'content-encoding': 'br',
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'Accept-Encoding',
  });
  expect(brotliDecompressSync(best.body).toString()).toBe(SCRIPT);
  const good = await get('/assets/a.js', GZIP);
  expect(good.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(good.body).toString()).toBe(SCRIPT);
  const plain = await get('/assets/plain.js', BROWSER);
  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(plain.body.toString()).toBe(SCRIPT);
  expect((await get('/assets/none.js', BROWSER)).status).toBe(404);
});
