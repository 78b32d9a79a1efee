//! Values of options.

use std::fmt;
use std::time::Duration;

/// Wrong usage: nothing is attempted, the exit code is 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads `10`, `10s`, `500ms`, `2m`, `1h`; never zero, since every wait is bounded.
///
/// # Errors
/// Why it is no time, for the usage message.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale = match unit {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("a time is written 10, 10s, 500ms, 2m or 1h".to_owned()),
    };
    let value: f64 = number.parse().map_err(|_| "a time is written 10, 10s, 500ms, 2m or 1h".to_owned())?;
    match Duration::try_from_secs_f64(value * scale) {
        Ok(time) if time.as_millis() == 0 => Err("a limit cannot be zero".to_owned()),
        Ok(time) if time > Duration::from_secs(7 * 24 * 3600) => Err("a limit is at most a week".to_owned()),
        Ok(time) => Ok(time),
        Err(_) => Err("a time is written 10, 10s, 500ms, 2m or 1h".to_owned()),
    }
}

/// Reads a port, 1 to 65535.
///
/// # Errors
/// Why it is none, for the usage message.
pub fn parse_port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a port is a number from 1 to 65535".to_owned()),
        Ok(port) => Ok(port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_a_bare_number_is_seconds() {
        let ms = |text: &str| parse_duration(text).map(|time| time.as_millis());
        assert_eq!(ms("10"), Ok(10_000));
        assert_eq!(ms("10s"), Ok(10_000));
        assert_eq!(ms("500ms"), Ok(500));
        assert_eq!(ms("2m"), Ok(120_000));
        assert_eq!(ms("1.5s"), Ok(1_500));
    }

    #[test]
    fn what_bounds_nothing_is_no_limit() {
        for text in ["0", "0s", "", "s", "-1", "10x", "1e9", "9999h", "NaN", "."] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
