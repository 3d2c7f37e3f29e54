import { gzip } from 'node:zlib';
import express, { type RequestHandler } from 'express';

/** Answers shorter than this are not compressed, because even they take one network packet. */
const MIN_BYTES = 1024;
/**
 * Endings of the compressed forms that the build wrote for each file, the smallest form first
 * (`web/vite.config.ts`).
 */
const ENDINGS = { br: '.br', gzip: '.gz' } as const;
const ENCODINGS = ['br', 'gzip'] as const;

/**
 * Compresses answers that are sent as one text, as all answers of the API are. Must come before the
 * routes. The text is compressed in another thread. Express then sets length and ETag, and answers
 * HEAD and If-None-Match.
 */
export const compressAnswers: RequestHandler = (request, response, next) => {
  const send = response.send.bind(response);
  response.send = (body: unknown) => {
    response.send = send;
    if (typeof body !== 'string') return send(body);
    response.vary('Accept-Encoding');
    if (Buffer.byteLength(body) < MIN_BYTES || request.acceptsEncodings('gzip') !== 'gzip')
      return send(body);
    gzip(body, (error, compressed) => {
      if (error !== null) return void send(body);
      response.setHeader('Content-Encoding', 'gzip');
      send(compressed);
    });
    return response;
  };
  next();
};

/**
 * Serves the files of a built dashboard in the smallest form that the client accepts and that the
 * build wrote, such as `app.js.br` instead of `app.js`. If a file has no such form, the next
 * handler serves the file itself.
 */
export function compressedFiles(
  root: string,
  options: { immutable?: boolean; maxAge?: string } = {},
): RequestHandler {
  const files = express.static(root, {
    ...{ ...options, index: false, redirect: false },
    setHeaders(response, path) {
      const encoding = ENCODINGS.find((one) => path.endsWith(ENDINGS[one]));
      if (encoding === undefined) return;
      response.setHeader('Content-Encoding', encoding);
      response.type(/\.\w+$/.exec(path.slice(0, -ENDINGS[encoding].length))?.[0] ?? 'bin');
    },
  });
  return (request, response, next) => {
    response.vary('Accept-Encoding');
    // Browsers list gzip first, which is no preference, so the smaller form is tried first.
    const encoding = ENCODINGS.find((one) => request.acceptsEncodings(one) === one);
    if (encoding === undefined) return next();
    const { url } = request;
    request.url = request.path + ENDINGS[encoding];
    files(request, response, (error?: unknown) => {
      request.url = url;
      next(error);
    });
  };
}
