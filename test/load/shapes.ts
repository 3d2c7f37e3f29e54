/**
 * Describes simulated processes as data: which step follows which, after which wait, how often.
 * Times are in virtual ms; `wait` and `work` are medians of lognormal times.
 */
export interface Node {
  step: string;
  service: string;
  wait: number;
  work: number;
  /** Fails with this probability, and then continues with this `next` instead. */
  fails?: { share: number; next: Next };
  next?: Next;
}

export type Next =
  | { all: Node[]; join?: Node }
  | { one: { share: number; node: Node }[] }
  | { some: { share: number; node: Node }[] }
  /** Starts a random number of copies of the node, each with its own message. */
  | { parts: [least: number, most: number]; node: Node; join?: Node }
  | { times: [least: number, most: number]; node: Node; join: Node }
  | { loop: [least: number, most: number]; node: Node; then: Node };

export interface Shape {
  name: string;
  root: Node;
}

const step = (name: string, service: string, wait: number, work: number, next?: Next): Node => ({
  step: name,
  service,
  wait,
  work,
  ...(next && { next }),
});
const then = (node: Node): Next => ({ all: [node] });

export const SHAPES: readonly Shape[] = [
  {
    name: 'order: one after the other',
    root: step(
      'PlaceOrder',
      'shop',
      0,
      20,
      then(
        step(
          'ChargeCard',
          'payment',
          50,
          300,
          then(
            step(
              'ReserveStock',
              'stock',
              80,
              40,
              then(
                step(
                  'ShipOrder',
                  'shipping',
                  20_000,
                  500,
                  then(step('MailReceipt', 'mail', 100, 30)),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  },
  {
    name: 'claim: one way or the other',
    root: step(
      'FileClaim',
      'claims',
      0,
      30,
      then(
        step('AssessClaim', 'assessment', 3000, 2000, {
          one: [
            {
              share: 0.7,
              node: step(
                'ApproveClaim',
                'claims',
                60,
                20,
                then(step('PayClaim', 'payment', 500, 200)),
              ),
            },
            {
              share: 0.3,
              node: step(
                'RejectClaim',
                'claims',
                60,
                20,
                then(step('MailRejection', 'mail', 200, 30)),
              ),
            },
          ],
        }),
      ),
    ),
  },
  {
    name: 'journey: branches that join',
    root: step('BookJourney', 'journeys', 0, 30, {
      all: [
        step('BookFlight', 'flights', 200, 900),
        step('BookHotel', 'hotels', 300, 1500),
        step('BookCar', 'cars', 100, 400),
      ],
      join: step('ConfirmJourney', 'journeys', 50, 40),
    }),
  },
  {
    name: 'signup: optional listeners',
    root: step(
      'SignUp',
      'accounts',
      0,
      40,
      then(
        step(
          'SendCode',
          'mail',
          80,
          50,
          then(
            step(
              'ConfirmCode',
              'accounts',
              15_000,
              30,
              then(
                step('CreateProfile', 'profiles', 100, 60, {
                  some: [0.9, 0.9, 0.8, 0.7, 0.5, 0.4, 0.3, 0.2].map((share, i) => ({
                    share,
                    node: step(`Listener${i + 1}`, `listener-${i + 1}`, 100 + i * 50, 50),
                  })),
                }),
              ),
            ),
          ),
        ),
      ),
    ),
  },
  {
    name: 'import: a loop',
    root: step('StartImport', 'imports', 0, 20, {
      loop: [1, 5],
      node: step('ImportPage', 'imports', 300, 700),
      then: step('FinishImport', 'reports', 100, 50),
    }),
  },
  {
    name: 'payroll: many parts, one sum',
    root: step(
      'StartPayroll',
      'payroll',
      0,
      20,
      then(
        step(
          'LoadHours',
          'hours',
          400,
          900,
          then(
            step('SplitPayroll', 'payroll', 60, 20, {
              times: [2, 9],
              node: step('PayEmployee', 'payment', 200, 400),
              join: step(
                'SumUp',
                'reports',
                100,
                60,
                then(step('MailPayslips', 'mail', 5000, 300)),
              ),
            }),
          ),
        ),
      ),
    ),
  },
  {
    name: 'delivery: parcels of their own',
    root: step(
      'PackOrder',
      'packing',
      0,
      40,
      then(
        step('SplitParcels', 'packing', 300, 60, {
          parts: [1, 6],
          node: step(
            'SendParcel',
            'carrier',
            5000,
            400,
            then(step('TellCustomer', 'mail', 800, 30)),
          ),
        }),
      ),
    ),
  },
];
