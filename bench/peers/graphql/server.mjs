// A GraphQL server with a catalog in memory: node server.mjs ENGINE FILE. FILE holds the answer to the list, whose objects are
// what the resolvers read. Prints its address.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const [engine, file] = process.argv.slice(2)
const { products } = JSON.parse(readFileSync(file, 'utf8')).data

const typeDefs = `#graphql
  type Query { products(first: Int): ProductConnection! }
  type ProductConnection { nodes: [Product!]! pageInfo: PageInfo! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type Product {
    id: ID! slug: String! title: String! brand: String availableForSale: Boolean!
    priceRange: MoneyRange! variants(first: Int): VariantConnection!
  }
  type VariantConnection { nodes: [Variant!]! }
  type Variant { id: ID! sku: String! title: String! price: Money! stock: StockView! }
  type StockView { sku: String! level: String! }
  type MoneyRange { min: Money! }
  type Money { amount: String! currencyCode: String! }
`
const resolvers = {
  Query: { products: (_, { first }) => ({ ...products, nodes: products.nodes.slice(0, first) }) },
  Product: { variants: ({ variants }, { first }) => ({ nodes: variants.nodes.slice(0, first) }) },
}

const engines = {
  async mercurius() {
    const [{ default: fastify }, { default: mercurius }] = await Promise.all([import('fastify'), import('mercurius')])
    const app = fastify()
    await app.register(mercurius, { schema: typeDefs, resolvers, jit: 1, path: '/graphql' })
    return app.listen({ port: 0, host: '127.0.0.1' })
  },
  async apollo() {
    const { ApolloServer } = await import('@apollo/server')
    const { startStandaloneServer } = await import('@apollo/server/standalone')
    const server = new ApolloServer({ typeDefs, resolvers, csrfPrevention: false, introspection: false })
    const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } })
    return url.replace(/\/$/, '')
  },
  async yoga() {
    const { createSchema, createYoga } = await import('graphql-yoga')
    const server = createServer(createYoga({ schema: createSchema({ typeDefs, resolvers }), logging: false }))
    await new Promise(ready => server.listen(0, '127.0.0.1', ready))
    return `http://127.0.0.1:${server.address().port}`
  },
}

if (!engines[engine]) {
  console.error(`no such engine: ${engine}; there are ${Object.keys(engines).join(', ')}`)
  process.exit(2)
}
console.log(await engines[engine]())
