// What a Relay app asks: pages that are fetched again with `node(id: $id)` alone.
declare function graphql(strings: TemplateStringsArray): unknown;

export const page = graphql`
  query OrderPageQuery($number: String!, $guestToken: String!) {
    order(by: { number: $number }, guestToken: $guestToken) {
      number
      ...Order_lines
      ...Order_timeline
      ...Order_parcels
    }
  }
`;

export const lines = graphql`
  fragment Order_lines on Order
  @refetchable(queryName: "OrderLinesQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 10 }, after: { type: "String" }) {
    lines(first: $first, after: $after) @connection(key: "Order_lines") {
      edges {
        node {
          id
          sku
          quantity
        }
      }
    }
  }
`;

export const timeline = graphql`
  fragment Order_timeline on Order
  @refetchable(queryName: "OrderTimelineQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 10 }, after: { type: "String" }) {
    timeline(first: $first, after: $after) @connection(key: "Order_timeline") {
      edges {
        node {
          id
          title
          ...Order_entry
        }
      }
    }
  }
`;

export const entry = graphql`
  fragment Order_entry on TimelineEntry @refetchable(queryName: "OrderEntryQuery") {
    at
    reason
  }
`;

export const parcels = graphql`
  fragment Order_parcels on Order {
    shipments {
      ...Order_parcel
    }
    payments {
      ...Order_payment
    }
  }
`;

export const parcel = graphql`
  fragment Order_parcel on Shipment @refetchable(queryName: "OrderParcelQuery") {
    status
    trackingUrl
  }
`;

export const payment = graphql`
  fragment Order_payment on Payment @refetchable(queryName: "OrderPaymentQuery") {
    status
    actionUrl
  }
`;

export const variants = graphql`
  fragment Order_variants on Product
  @refetchable(queryName: "OrderVariantsQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 10 }, after: { type: "String" }) {
    variants(first: $first, after: $after) @connection(key: "Order_variants") {
      edges {
        node {
          sku
          stock {
            level
          }
        }
      }
    }
  }
`;

export const levels = graphql`
  subscription OrderLevelsSubscription($skus: [String!]!) {
    stockChanged(skus: $skus) {
      id
      level
    }
  }
`;

export const products = graphql`
  query OrderProductsQuery($where: ProductWhere, $after: String) {
    products(where: $where, first: 20, after: $after) @connection(key: "Order_products") {
      edges {
        node {
          title
          ...Order_variants
        }
      }
    }
  }
`;
