import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type Response,
} from 'express';
import helmet, { type HelmetOptions } from 'helmet';
import { ERRORS, FermataError, messageOf } from '../base/errors.ts';
import type { Problem } from '../contract/index.ts';
import { compressAnswers, compressedFiles } from './compression.ts';
import { openApi } from './openapi.ts';
import { hostAllowed, type HostRule } from './origin.ts';
import type { QueryContext } from './route.ts';
import { expressPath, handlersFor, methodsOf, ROUTES } from './routes/index.ts';

export { parseQuery } from './language/parse.ts';
export { hostAllowed, type HostRule } from './origin.ts';
export { presentIncident, pushedFlow } from './present.ts';
export type { QueryContext } from './route.ts';

export interface QueryOptions extends QueryContext {
  hosts: HostRule;
  /** Answers assistants that speak the Model Context Protocol; `body` is the parsed JSON. */
  assistants: (request: Request, response: Response, body: unknown) => Promise<void>;
  /** Folder of the built dashboard; '' if the dashboard was not built. */
  webRoot: string;
}

const STATUS: Partial<Record<FermataError['code'], number>> = {
  'query.invalid': 400,
  'query.not-found': 404,
  'query.ambiguous': 300,
  'request.forbidden': 403,
  'request.wrong-method': 405,
  'request.too-large': 413,
  'request.unsupported-type': 415,
  'alert.no-channel': 404,
  'alert.refused': 400,
  'alert.not-taken': 502,
  'store.unavailable': 503,
  'import.malformed': 400,
  'import.too-large': 400,
  'import.busy': 429,
};

/** Security headers of the page: a browser may load the dashboard's own files, and nothing else. */
const PAGE_HEADERS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      manifestSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  // Browsers must not be told to use TLS only, because the server speaks plain HTTP.
  strictTransportSecurity: false,
  referrerPolicy: { policy: 'no-referrer' },
};

/**
 * Security headers of answers and of the files that a page loads. A browser that opens one by
 * itself, such as the icon, runs nothing in it. The others of the page's headers say nothing about
 * what is no page, and would be the greater part of most answers (guard: a first load is small).
 */
const DATA_HEADERS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  referrerPolicy: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
};

/**
 * Creates the HTTP application that serves the REST API and the files of the dashboard on one port.
 * GET changes nothing; every change is a POST with a JSON body. All input is checked and limited in
 * size, and all output is escaped.
 */
export function queryApp(options: QueryOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(endSlowBodies(options.clock));
  app.use(helmet(DATA_HEADERS));
  app.use((request, _response, next) => {
    if (hostAllowed(request, options.hosts)) next();
    else
      next(
        new FermataError('request.forbidden', 'this Host or Origin is not served', {
          hint: 'Open the dashboard by its own address, or add the name to FERMATA_ALLOWED_HOSTS.',
        }),
      );
  });
  serveApi(app, options);
  if (options.webRoot !== '') {
    const assets = `${options.webRoot}/assets`;
    const forEver = { immutable: true, maxAge: '1y' };
    app.use('/assets', compressedFiles(assets, forEver));
    app.use('/assets', express.static(assets, { ...forEver, fallthrough: false }));
    // The page has its own headers under every address, so its file is not served as others are.
    const page = express
      .Router()
      .get(/.*/, helmet(PAGE_HEADERS), noStore, (_request, response) =>
        response.sendFile('index.html', { root: options.webRoot }),
      );
    app.use('/index.html', page);
    app.use(express.static(options.webRoot, { index: false }));
    app.use(page);
  }
  app.use(nowhere);
  app.use(onError(options));
  return app;
}

function serveApi(app: Express, options: QueryOptions): void {
  // Accept only JSON, because another site's page can send JSON only after a preflight request.
  const json = express.json({ limit: '64kb', strict: true, reviver: wellFormed });
  const handlerOf = handlersFor(options);
  app.use('/api', compressAnswers, noSlashAtEnd);
  for (const route of ROUTES) {
    const checks = route.takesFile ? [onlyFiles] : route.method === 'post' ? [onlyJson, json] : [];
    app[route.method ?? 'get'](expressPath(route.path), noStore, ...checks, handlerOf(route));
  }
  for (const path of new Set(ROUTES.map(({ path }) => path)))
    app.all(expressPath(path), wrongMethod(methodsOf(path)));
  const document = openApi(options.about().version);
  app.get('/api/openapi.json', noStore, (_request, response) => void response.json(document));
  app.all('/api/openapi.json', wrongMethod(['GET', 'HEAD']));
  app.use('/api', nowhere);
  app.post('/mcp', noStore, onlyJson, json, (request, response) =>
    options.assistants(request, response, request.body),
  );
  app.all('/mcp', wrongMethod(['POST']));
}

const nowhere: express.RequestHandler = (request) => {
  throw new FermataError(
    'query.not-found',
    `there is no ${request.method} ${request.originalUrl.split('?')[0]}`,
    {
      hint: 'See /api/openapi.json.',
    },
  );
};

/**
 * Answers 404 to a path that ends with a slash. Otherwise `/api/v1/flows/`, with an empty id, would
 * be answered as the list `/api/v1/flows`.
 */
const noSlashAtEnd: express.RequestHandler = (request, response, next) => {
  if (request.path.endsWith('/')) nowhere(request, response, next);
  else next();
};

/**
 * Rejects requests whose method the path does not have. The answer lists the methods that it has.
 */
const wrongMethod =
  (methods: readonly string[]): express.RequestHandler =>
  (request, response) => {
    response.setHeader('Allow', methods.join(', '));
    throw new FermataError('request.wrong-method', `${request.path} has no ${request.method}`, {
      hint: `It has ${methods.join(', ')}.`,
    });
  };

/**
 * Rejects a body with half a surrogate pair, which JSON can express but UTF-8 cannot. Otherwise the
 * store would fail to write the text and would seem to be down.
 */
const wellFormed = (key: string, value: unknown): unknown => {
  if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed()))
    throw new Error('the body has text with a lone surrogate');
  return value;
};

const onlyJson: express.RequestHandler = (request, _response, next) => {
  if (request.is('application/json')) next();
  else
    next(
      new FermataError('request.unsupported-type', 'the body is not application/json', {
        hint: 'Send {} at least.',
      }),
    );
};

/**
 * Rejects requests without a content type, and those with a type that a page of another site could
 * send without a preflight request.
 */
const onlyFiles: express.RequestHandler = (request, _response, next) => {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (/^(?:application\/(?!x-www-form-urlencoded)|text\/(?:csv|xml)$)/.test(type)) next();
  else
    next(
      new FermataError('request.unsupported-type', `a file is not sent as "${type.slice(0, 60)}"`, {
        hint: 'Use application/octet-stream.',
      }),
    );
};

/** Time within which the body of a request has to arrive, ms. Uploaded files have no such limit. */
const BODY_MS = 30_000;
/** Time for which a sender that was answered early may go on sending, ms. */
const LINGER_MS = 2000;
const FILES: ReadonlySet<string> = new Set(
  ROUTES.filter(({ takesFile }) => takesFile).map(({ path }) => path),
);
/**
 * Ends requests whose body arrives so slowly that it only holds the connection. Node's own limit
 * would apply to all requests of the server, but uploading a file may take hours.
 */
const endSlowBodies =
  (clock: QueryContext['clock']): express.RequestHandler =>
  (request, response, next) => {
    const end = (): void => {
      if (!request.complete) request.destroy();
    };
    const cancel = FILES.has(request.path) ? () => undefined : clock.after(BODY_MS, end);
    request.once('close', cancel);
    // A sender that was answered and still goes on sending holds the connection for nothing.
    response.once('finish', () => {
      if (request.complete) return;
      request.once('close', clock.after(LINGER_MS, end));
    });
    next();
  };

const noStore: express.RequestHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};

/**
 * Returns the details of an error for the client. Details of store errors are left out, because
 * they quote SQL and rows of other users; they are in the log.
 */
const detailOf = (known: FermataError | undefined): string | undefined =>
  known?.code === 'store.unavailable' ? ERRORS[known.code] : known?.message;

/**
 * Converts an error of express or of its parsers of bodies and paths, about a wrong request.
 * Returns undefined if the error is one of the server.
 */
function knownFrom(error: unknown): FermataError | undefined {
  const { status } = error as { status?: unknown };
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  const code =
    status === 413
      ? 'request.too-large'
      : status === 415
        ? 'request.unsupported-type'
        : status === 404
          ? 'query.not-found'
          : 'query.invalid';
  return new FermataError(code, messageOf(error));
}

function onError(options: QueryOptions): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const known = error instanceof FermataError ? error : knownFrom(error);
    const status = known === undefined ? 500 : (STATUS[known.code] ?? 500);
    if (status >= 500) {
      options.counters.add('fermata_failed_queries_total');
      options.log.error(
        { code: known?.code, detail: messageOf(error).slice(0, 500), path: request.path },
        'query failed',
      );
    }
    const problem: Problem = {
      type: 'about:blank',
      title: known?.code ?? 'Internal error',
      status,
      code: known?.code ?? 'query.failed',
      detail: detailOf(known) ?? 'the answer could not be computed; the log has the reason',
      ...(known?.hint !== undefined && { hint: known.hint }),
    };
    response.status(status).type('application/problem+json').send(JSON.stringify(problem));
  };
}
