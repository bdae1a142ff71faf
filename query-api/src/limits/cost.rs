//! The cost of a query: its fields, each multiplied by the sizes of the pages around it.
//!
//! The size of a page is in the query, or is an argument's default in the schema. The prices are read from the SDL, so that no
//! second list must be maintained.

use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, FieldDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Value, Variables};

/// The longest page that any list gives.
const LONGEST: u64 = 100;
/// How long pages are when neither the query nor the schema says.
const DEFAULT: u64 = 20;
/// What a list without pages is taken to hold.
const SHORT_LIST: u64 = 5;
/// The type that an operation begins at.
fn root(operation: &OperationDefinition) -> &'static str {
    match operation.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

/// How many times the selection of a field is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    /// Not a list.
    Once,
    /// A page: `first` or `last` of the query, else this.
    Page(u64),
    /// As many as `ids` are given.
    Each,
    /// A list without pages.
    Fixed(u64),
}

/// A field of a type.
struct Priced {
    times: Times,
    /// The type of its selection.
    inner: String,
}

/// The multipliers of a schema's fields, by type and name.
pub(crate) struct Prices(HashMap<String, HashMap<String, Priced>>);

impl Prices {
    /// Reads them from a schema's description, which must be one.
    pub(crate) fn of(sdl: &str) -> Self {
        let mut types = HashMap::new();
        for definition in parse_schema(sdl).expect("the engine's own description is GraphQL").definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let TypeKind::Object(object) = definition.node.kind else { continue };
            let fields =
                object.fields.iter().map(|field| (field.node.name.node.to_string(), priced(&field.node)));
            types.insert(definition.node.name.node.to_string(), fields.collect());
        }
        Self(types)
    }

    /// What the operation costs that is run with these variables; the dearest when it is not clear which is run.
    pub(crate) fn cost(
        &self,
        document: &ExecutableDocument,
        name: Option<&str>,
        variables: &Variables,
    ) -> u64 {
        let named = |found: Option<&Name>| name.is_none() || found.map(Name::as_str) == name;
        let operations = document.operations.iter().filter(|(found, _)| named(*found));
        let costs = operations.map(|(_, operation)| {
            let operation = &operation.node;
            let mut counting =
                Counting { prices: self, document, operation, variables, known: HashMap::new() };
            counting.set(&operation.selection_set.node, root(operation))
        });
        costs.max().unwrap_or(0)
    }
}

fn priced(field: &FieldDefinition) -> Priced {
    let (mut inner, mut list) = (&field.ty.node.base, false);
    while let BaseType::List(items) = inner {
        (inner, list) = (&items.base, true);
    }
    let argument = |name: &str| field.arguments.iter().find(|argument| argument.node.name.node == name);
    let default = argument("first").and_then(|first| number(&first.node.default_value.as_ref()?.node));
    let times = match (argument("first").is_some(), list) {
        (true, _) => Times::Page(default.unwrap_or(DEFAULT)),
        (false, true) if argument("ids").is_some() => Times::Each,
        // What a connection holds is counted where its length is known.
        (false, true) if !matches!(&*field.name.node, "nodes" | "edges") => Times::Fixed(SHORT_LIST),
        (false, _) => Times::Once,
    };
    Priced { times, inner: inner.to_string() }
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

/// Counts one operation of a query that has no cycles; each fragment is counted once.
struct Counting<'d> {
    prices: &'d Prices,
    document: &'d ExecutableDocument,
    operation: &'d OperationDefinition,
    variables: &'d Variables,
    known: HashMap<&'d str, u64>,
}

impl<'d> Counting<'d> {
    /// The cost of a selection on this type. Of an unknown type, such as an interface, no field counts as a list.
    fn set(&mut self, set: &'d SelectionSet, of: &str) -> u64 {
        let mut cost = 0_u64;
        for selection in &set.items {
            let one = match &selection.node {
                Selection::Field(field) => self.field(&field.node, of),
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(of, |on| on.node.on.node.as_str());
                    self.set(&inline.node.selection_set.node, on)
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            };
            cost = cost.saturating_add(one);
        }
        cost
    }

    fn field(&mut self, field: &'d Field, of: &str) -> u64 {
        let prices = self.prices;
        let priced = prices.0.get(of).and_then(|fields| fields.get(field.name.node.as_str()));
        let (times, inner) = priced.map_or((Times::Once, ""), |priced| (priced.times, priced.inner.as_str()));
        let times = self.times(field, times);
        self.set(&field.selection_set.node, inner).saturating_mul(times).saturating_add(1)
    }

    fn fragment(&mut self, name: &'d str) -> u64 {
        if let Some(cost) = self.known.get(name) {
            return *cost;
        }
        let document = self.document;
        let cost = document.fragments.get(name).map_or(0, |fragment| {
            let fragment = &fragment.node;
            self.set(&fragment.selection_set.node, &fragment.type_condition.node.on.node)
        });
        self.known.insert(name, cost);
        cost
    }

    fn times(&self, field: &Field, times: Times) -> u64 {
        match times {
            Times::Once => 1,
            Times::Fixed(times) => times,
            Times::Page(default) => {
                let asked =
                    ["first", "last"].into_iter().filter_map(|name| number(&self.argument(field, name)?));
                asked.max().unwrap_or(default).clamp(1, LONGEST)
            }
            Times::Each => match self.argument(field, "ids") {
                Some(Value::List(items)) => items.len() as u64,
                _ => 1,
            },
        }
    }

    /// An argument's value, with variables put in.
    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let argument = &field.get_argument(name)?.node;
        let variable = |name: Name| {
            let given = self.variables.get(&name).cloned();
            given.or_else(|| self.default(&name)).ok_or(())
        };
        argument.clone().into_const_with(variable).ok()
    }

    fn default(&self, variable: &Name) -> Option<Value> {
        let definitions = &self.operation.variable_definitions;
        let definition = definitions.iter().find(|one| one.node.name.node == *variable)?;
        definition.node.default_value().cloned()
    }
}
