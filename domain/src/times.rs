//! Rules for times that people, carriers and banks report. Every such time is compared with what is known: the time of the
//! decision, and the time of what must have happened before.

use std::time::Duration;

use schemas::Timestamp;

use crate::Refusal;

/// How far a reporter's clock may be ahead of the shop's, and how late a report may be.
const TOLERANCE: Duration = Duration::from_mins(5);
/// How far in the future an expected time may be.
const FARTHEST: Duration = Duration::from_hours(366 * 24);

/// Refuses with `INVALID_TIME` unless `at` is neither earlier than `after` nor in the future. `what` and `before` name the two
/// in a sentence: "The delivery", "the dispatch".
pub(crate) fn happened(
    (field, what): (&str, &str),
    at: Timestamp,
    (before, after): (&str, Timestamp),
    now: Timestamp,
) -> Result<(), Refusal> {
    if at < after {
        let message = format!(
            "{what} cannot be earlier than {before} at {after}. Correct {field}, or leave it out for the present time."
        );
        return Err(invalid(field, message));
    }
    if at > now.plus(TOLERANCE) {
        let message = format!(
            "{what} is in the future: it is {now}. Correct {field}, or leave it out for the present time."
        );
        return Err(invalid(field, message));
    }
    Ok(())
}

/// Refuses with `INVALID_TIME` unless `at` is between now and a year from now. `what` names it in a sentence: "The expected
/// arrival".
pub(crate) fn expected((field, what): (&str, &str), at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if at.plus(TOLERANCE) < now {
        let message = format!("{what} is in the past: it is {now}. Correct {field}, or leave it out.");
        return Err(invalid(field, message));
    }
    if at > now.plus(FARTHEST) {
        let message = format!("{what} is more than a year from now. Correct {field}, or leave it out.");
        return Err(invalid(field, message));
    }
    Ok(())
}

/// Whether `at` is within a year of now, before or after: what a service may say of a time that its answer may come long after.
pub(crate) fn is_plausible(at: Timestamp, now: Timestamp) -> bool {
    at.plus(FARTHEST) >= now && at <= now.plus(FARTHEST)
}

fn invalid(field: &str, message: String) -> Refusal {
    Refusal::rule("INVALID_TIME", message).at(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::noon;

    fn code(result: Result<(), Refusal>) -> Option<(String, Option<String>)> {
        result
            .err()
            .map(|refusal| (refusal.code, refusal.errors.first().and_then(|error| error.field.clone())))
    }

    fn minutes(count: u64) -> Timestamp {
        noon().plus(Duration::from_mins(count))
    }

    #[test]
    fn what_has_happened_lies_between_what_came_before_and_now() {
        let at = |at| code(happened(("at", "It"), at, ("the start", minutes(10)), minutes(60)));
        let refused = Some(("INVALID_TIME".to_owned(), Some("at".to_owned())));
        for good in [minutes(10), minutes(30), minutes(60), minutes(65)] {
            assert_eq!(at(good), None, "{good}");
        }
        for bad in
            [Timestamp::from_millis(i64::MIN), minutes(9), minutes(66), Timestamp::from_millis(i64::MAX)]
        {
            assert_eq!(at(bad), refused, "{bad}");
        }
    }

    #[test]
    fn what_a_service_says_lies_within_a_year_of_now() {
        let now = minutes(0);
        let ago = |minutes: i64| Timestamp::from_millis(now.as_millis() - minutes * 60_000);
        let year = 60 * 24 * 366;
        for good in [now, minutes(60 * 24 * 366), ago(year)] {
            assert!(is_plausible(good, now), "{good}");
        }
        for bad in
            [Timestamp::EPOCH, minutes(60 * 24 * 366 + 1), ago(year + 1), Timestamp::from_millis(i64::MAX)]
        {
            assert!(!is_plausible(bad, now), "{bad}");
        }
    }

    #[test]
    fn what_is_expected_lies_between_now_and_a_year_from_now() {
        let at = |at| code(expected(("at", "It"), at, minutes(60)));
        let refused = Some(("INVALID_TIME".to_owned(), Some("at".to_owned())));
        for good in [minutes(55), minutes(60), minutes(60 * 24 * 366)] {
            assert_eq!(at(good), None, "{good}");
        }
        for bad in [Timestamp::EPOCH, minutes(54), minutes(60 * 24 * 370), Timestamp::from_millis(i64::MAX)] {
            assert_eq!(at(bad), refused, "{bad}");
        }
    }
}
