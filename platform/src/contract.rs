//! The harness of all contract suites. A suite lists the promises that every backend of a port keeps. A backend's tests run
//! them with the macro of the suite, which makes one `#[test]` per promise, each on a new backend:
//!
//! ```text
//! mod sqlite_keeps_the_promise {
//!     event_log::log_suite!(super::Files::new());
//! }
//! ```

use std::error::Error;
use std::fmt;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use crate::error::Chain;

/// The time limit of one promise: a backend that never responds breaks it.
const PATIENCE: Duration = Duration::from_secs(600);

/// A promise of a port with the backends `B`.
pub struct Promise<B: ?Sized> {
    /// A sentence, with underscores.
    pub name: &'static str,
    pub check: for<'b> fn(&'b B) -> LocalBoxFuture<'b, Checked>,
}

/// The outcome of a check.
pub type Checked = Result<(), Broken>;

/// How a promise is broken, or why it could not be checked: a text, or the error of an operation.
pub struct Broken(Box<dyn Error + Send + Sync>);

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Chain(&*self.0).fmt(f)
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub fn ensure(holds: bool, otherwise: impl Into<Broken>) -> Checked {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

/// How the backend breaks the promise called `name`. `None`: it keeps the promise.
pub async fn breach<B: ?Sized>(suite: &[Promise<B>], name: &str, backend: &B) -> Option<String> {
    assert!(suite.iter().any(|promise| promise.name == name), "{name} is not in the suite");
    let promise = suite.iter().find(|promise| promise.name == name)?;
    match tokio::time::timeout(PATIENCE, (promise.check)(backend)).await {
        Ok(Ok(())) => None,
        Ok(Err(broken)) => Some(format!("{name}: {broken}")),
        Err(_) => Some(format!("{name}: it timed out")),
    }
}

/// Defines a suite: `contract_suite! { ($crate::MODULE) SUITE suite_macro Port; file: promises; … }`, called in `MODULE` of
/// its crate. `SUITE` is the list of the promises of `dyn Port`, which are functions of `file`. `suite_macro!` makes the tests
/// of a backend; [`contract_tests`](crate::contract_tests) lists its arguments.
#[macro_export]
macro_rules! contract_suite {
    (
        ($d:tt $krate:tt $(:: $module:ident)+) $(#[$doc:meta])* $suite:ident $tests:ident $port:ident;
        $($file:ident: $($promise:ident),+;)+
    ) => {
        $(#[$doc])*
        pub const $suite: &[$crate::contract::Promise<dyn $port>] = &[$($(
            $crate::contract::Promise {
                name: stringify!($promise),
                check: |backend| Box::pin($file::$promise(backend)),
            },
        )+)+];

        $(#[$doc])*
        /// One test per promise.
        #[macro_export]
        macro_rules! $tests {
            ($d($d backends:tt)+) => {
                $crate::contract_tests! {
                    $d $krate $(:: $module)+::$suite; $($($promise)+)+; [$d($d backends)+]
                }
            };
        }
    };
}

/// The tests of a suite's macro. Its argument is an expression that makes a new backend and may `await`. Before it may stand
/// the attribute of the tests, and the values that each test runs with: `#[tokio::test] for seed in 1..=3 => backend(seed)`.
#[macro_export]
macro_rules! contract_tests {
    ($suite:path; $($promise:ident)+; [#[$test:meta] for $value:ident in $values:expr => $backend:expr]) => {
        $(
            #[$test]
            async fn $promise() {
                for $value in $values {
                    let broken = $crate::contract::breach($suite, stringify!($promise), &$backend).await;
                    assert_eq!(broken, None, "{} {:?}", stringify!($value), $value);
                }
            }
        )+
    };
    ($suite:path; $($promise:ident)+; [for $($backends:tt)+]) => {
        $crate::contract_tests! {
            $suite; $($promise)+; [#[tokio::test(flavor = "multi_thread")] for $($backends)+]
        }
    };
    ($suite:path; $($promise:ident)+; [#[$test:meta] $backend:expr]) => {
        $(
            #[$test]
            async fn $promise() {
                assert_eq!($crate::contract::breach($suite, stringify!($promise), &$backend).await, None);
            }
        )+
    };
    ($suite:path; $($promise:ident)+; [$backend:expr]) => {
        $crate::contract_tests! {
            $suite; $($promise)+; [#[tokio::test(flavor = "multi_thread")] $backend]
        }
    };
}
