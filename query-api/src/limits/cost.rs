//! What a query costs: its fields, each counted as often as the pages around it are long.
//!
//! How long a page is stands in the query, or in the schema as an argument's default: the prices are read from the schema's
//! own description, so that no list has to be kept beside it.

use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Positioned, Value, Variables};

/// The longest page that any list gives.
const LONGEST: u64 = 100;
/// What a list without pages is taken to hold.
const SHORT_LIST: u64 = 5;

/// How many times what is inside a field is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    /// A page: `first` or `last` of the query, else this.
    Page(u64),
    /// As many as the list argument of this name is long.
    Each(&'static str),
    /// A list without pages.
    Fixed(u64),
}

/// The multipliers of a schema's fields, by name; where several types have a field of that name, the dearest.
pub(crate) struct Prices(HashMap<String, Times>);

impl Prices {
    /// Reads them from a schema's description, which must be one.
    pub(crate) fn of(sdl: &str) -> Self {
        let mut prices = HashMap::from([("nodes".to_owned(), Times::Each("ids"))]);
        for definition in parse_schema(sdl).expect("the engine's own description is GraphQL").definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let TypeKind::Object(object) = definition.node.kind else { continue };
            for Positioned { node: field, .. } in object.fields {
                let first = field.arguments.iter().find(|argument| argument.node.name.node == "first");
                let default = first.and_then(|first| first.node.default_value.as_ref());
                let page = default.and_then(|default| number(&default.node)).unwrap_or(LONGEST);
                let list = field.ty.node.base.to_string().starts_with('[');
                let times = match (first.is_some(), list) {
                    (true, _) => Times::Page(page),
                    // What a connection holds is counted where its length is known.
                    (false, true) if !matches!(&*field.name.node, "nodes" | "edges") => Times::Fixed(SHORT_LIST),
                    _ => continue,
                };
                prices.insert(field.name.node.to_string(), times);
            }
        }
        Self(prices)
    }

    /// What the operation costs that is run with these variables; the dearest when it is not clear which is run.
    pub(crate) fn cost(&self, document: &ExecutableDocument, name: Option<&str>, variables: &Variables) -> u64 {
        let named = |found: Option<&Name>| name.is_none() || found.map(Name::as_str) == name;
        let operations = document.operations.iter().filter(|(found, _)| named(*found));
        let costs = operations.map(|(_, operation)| {
            let operation = &operation.node;
            let mut counting = Counting { prices: self, document, operation, variables, known: HashMap::new() };
            counting.set(&operation.selection_set.node)
        });
        costs.max().unwrap_or(0)
    }
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
    fn set(&mut self, set: &'d SelectionSet) -> u64 {
        let mut cost = 0_u64;
        for selection in &set.items {
            let one = match &selection.node {
                Selection::Field(field) => {
                    let inner = self.set(&field.node.selection_set.node);
                    inner.saturating_mul(self.times(&field.node)).saturating_add(1)
                }
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            };
            cost = cost.saturating_add(one);
        }
        cost
    }

    fn fragment(&mut self, name: &'d str) -> u64 {
        if let Some(cost) = self.known.get(name) {
            return *cost;
        }
        let cost = self.document.fragments.get(name).map_or(0, |one| self.set(&one.node.selection_set.node));
        self.known.insert(name, cost);
        cost
    }

    fn times(&self, field: &Field) -> u64 {
        match self.prices.0.get(field.name.node.as_str()) {
            None => 1,
            Some(Times::Fixed(times)) => *times,
            Some(Times::Page(default)) => {
                let asked = ["first", "last"].into_iter().filter_map(|name| number(&self.argument(field, name)?));
                asked.max().unwrap_or(*default).clamp(1, LONGEST)
            }
            Some(Times::Each(name)) => match self.argument(field, name) {
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
