//! tantivy: an index in memory, words folded and stemmed in English, `FuzzyTermQuery` for typing errors and aggregations for
//! facets.

use anyhow::{Context as _, Result};
use serde_json::json;
use tantivy::aggregation::AggregationCollector;
use tantivy::aggregation::agg_req::Aggregations;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, BoostQuery, FuzzyTermQuery, Occur, Query, TermQuery};
use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value as _,
};
use tantivy::tokenizer::{AsciiFoldingFilter, Language, LowerCaser, SimpleTokenizer, Stemmer, TextAnalyzer};
use tantivy::{Index, IndexReader, IndexWriter, TantivyDocument, Term};

use crate::catalogue::Product;
use crate::engine::{Answered, Engine};

pub struct Tantivy {
    reader: IndexReader,
    id: Field,
    title: Field,
    rest: Field,
    analyzer: TextAnalyzer,
    facets: Aggregations,
}

impl Tantivy {
    pub fn build(products: &[Product]) -> Result<Self> {
        let text =
            TextFieldIndexing::default().set_tokenizer("shop").set_index_option(IndexRecordOption::WithFreqs);
        let text = TextOptions::default().set_indexing_options(text);
        let mut schema = Schema::builder();
        let id = schema.add_text_field("id", STRING | STORED);
        let title = schema.add_text_field("title", text.clone());
        let rest = schema.add_text_field("rest", text);
        let category = schema.add_text_field("category", STRING | FAST);
        let brand = schema.add_text_field("brand", STRING | FAST);
        let band = schema.add_i64_field("band", FAST);
        let available = schema.add_text_field("available", STRING | FAST);
        let attributes: Vec<(String, Field)> = ["colour", "origin", "size", "organic"]
            .map(|name| (name.to_owned(), schema.add_text_field(name, STRING | FAST)))
            .to_vec();
        let index = Index::create_in_ram(schema.build());
        let analyzer = TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(LowerCaser)
            .filter(AsciiFoldingFilter)
            .filter(Stemmer::new(Language::English))
            .build();
        index.tokenizers().register("shop", analyzer.clone());
        let mut writer: IndexWriter = index.writer_with_num_threads(1, 100_000_000)?;
        for Product { entry, .. } in products {
            let mut document = TantivyDocument::default();
            document.add_text(id, &entry.id);
            document.add_text(title, &entry.title);
            document.add_text(rest, &entry.description);
            for one in &entry.categories {
                document.add_text(rest, &one.name);
                document.add_text(category, &one.id);
            }
            let own_brand = entry.brand.as_deref().unwrap_or_default();
            document.add_text(rest, own_brand);
            document.add_text(brand, own_brand);
            document.add_i64(band, entry.price.unwrap_or(0) / 1_000);
            document.add_text(available, if entry.available { "true" } else { "false" });
            for (name, value) in &entry.attributes {
                document.add_text(rest, value);
                if let Some((_, field)) = attributes.iter().find(|(known, _)| known == name) {
                    document.add_text(*field, value);
                }
            }
            for code in &entry.codes {
                document.add_text(rest, code);
            }
            writer.add_document(document)?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        let terms = |field: &str| json!({ "terms": { "field": field, "size": 100 } });
        let facets = serde_json::from_value(json!({
            "category": terms("category"), "brand": terms("brand"), "band": terms("band"),
            "available": terms("available"), "colour": terms("colour"), "origin": terms("origin"),
            "size": terms("size"), "organic": terms("organic"),
        }))?;
        Ok(Self { reader: index.reader()?, id, title, rest, analyzer, facets })
    }

    /// All words must be in the title or elsewhere; the title counts twice, a typing error halves.
    fn query(&self, text: &str, typos: bool) -> Box<dyn Query> {
        let mut analyzer = self.analyzer.clone();
        let mut tokens = analyzer.token_stream(text);
        let mut words: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        while let Some(token) = tokens.next() {
            let mut any: Vec<(Occur, Box<dyn Query>)> = Vec::new();
            for (field, boost) in [(self.title, 2.0), (self.rest, 1.0)] {
                let term = Term::from_field_text(field, &token.text);
                let exact = TermQuery::new(term.clone(), IndexRecordOption::WithFreqs);
                any.push((Occur::Should, Box::new(BoostQuery::new(Box::new(exact), boost))));
                let errors = match token.text.chars().count() {
                    0..=3 => 0,
                    4..=7 => 1,
                    _ => 2,
                };
                if typos && errors > 0 {
                    let near = FuzzyTermQuery::new(term, errors, true);
                    any.push((Occur::Should, Box::new(BoostQuery::new(Box::new(near), boost / 2.0))));
                }
            }
            words.push((Occur::Must, Box::new(BooleanQuery::new(any))));
        }
        Box::new(BooleanQuery::new(words))
    }

    fn find(&self, text: &str, full: bool) -> Result<(Vec<String>, usize)> {
        let searcher = self.reader.searcher();
        let query = self.query(text, full);
        let top = TopDocs::with_limit(20).order_by_score();
        let (hits, facets) = if full {
            let facets = AggregationCollector::from_aggs(self.facets.clone(), Default::default());
            let (hits, facets) = searcher.search(&query, &(top, facets))?;
            (hits, facets.0.len())
        } else {
            (searcher.search(&query, &top)?, 0)
        };
        let id = |address| -> Result<String> {
            let document: TantivyDocument = searcher.doc(address)?;
            let id = document.get_first(self.id).and_then(|value| value.as_str().map(str::to_owned));
            id.context("a document has no id")
        };
        Ok((hits.into_iter().map(|(_, address)| id(address)).collect::<Result<_>>()?, facets))
    }
}

impl Engine for Tantivy {
    fn plain<'e>(&'e self, text: &'e str) -> Answered<'e, Vec<String>> {
        Box::pin(async move { Ok(self.find(text, false)?.0) })
    }

    fn full<'e>(&'e self, text: &'e str) -> Answered<'e, (Vec<String>, usize)> {
        Box::pin(async move { self.find(text, true) })
    }
}
