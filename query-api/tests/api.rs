//! The query API over HTTP, on a store with documents written by hand.

mod api {
    mod calls;
    mod catalog;
    mod consistency;
    mod contracts;
    mod documents;
    mod guards;
    mod hot;
    mod http;
    mod operators;
    mod orders;
    mod paging;
    mod searching;
    mod shop;
    mod trouble;
}
