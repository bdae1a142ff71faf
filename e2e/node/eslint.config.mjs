// The rules of graphql-eslint for schemas and for Relay, for one schema: node_modules/.bin/eslint --config eslint.config.mjs FILE
import graphql from '@graphql-eslint/eslint-plugin';

const schema = process.env.CHORALE_CHECK_SCHEMA;

export default [
  {
    files: ['**/*.graphql'],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema } } },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      // Objects that clients cache have ids; prices, steps and pages are part of one that does.
      '@graphql-eslint/strict-id-in-types': 'off',
      // Lists that are short by nature, such as the media of a product, have no pages, and connections have `nodes` beside `edges`.
      '@graphql-eslint/relay-edge-types': [
        'error', { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false, withEdgeSuffix: true },
      ],
      // Lists inside an object are read forwards.
      '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],
      // `Event.id` is the global id; `eventId` is the one on the topic, as in `EventRef`.
      '@graphql-eslint/no-typename-prefix': 'off',
    },
  },
];
