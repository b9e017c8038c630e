// The one lint rule that oxlint does not have: `new Date()` and `Date()` read the clock, while
// `new Date(milliseconds)` only computes. oxlint.config.ts says where it applies.

type CallNode = { callee: { type: string; name?: string }; arguments: unknown[] };
type Context = { report(problem: { node: CallNode; message: string }): void };

const message = 'reads the clock of the machine: take the time from the clock that is passed in';

const callsDate = ({ callee }: CallNode) => callee.type === 'Identifier' && callee.name === 'Date';

export default {
  meta: { name: 'house' },
  rules: {
    'no-ambient-date': {
      create: (context: Context) => ({
        NewExpression(node: CallNode) {
          if (callsDate(node) && node.arguments.length === 0) {
            context.report({ node, message: `new Date() ${message}` });
          }
        },
        CallExpression(node: CallNode) {
          if (callsDate(node)) context.report({ node, message: `Date() ${message}` });
        },
      }),
    },
  },
};
