//! Load over HTTP/1.1 with as little work as possible on this side: requests are prepared bytes, and of a response only status
//! and length are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use measure::Sample;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Outcome;

/// Time before the measurement, for caches and connections.
const WARM_UP: Duration = Duration::from_millis(500);

/// Writes the body of the request with this number.
pub type Bodies = Arc<dyn Fn(u64) -> String + Send + Sync>;

/// Something that answers requests.
pub struct Target<'a> {
    /// `host:port`
    pub address: &'a str,
    pub path: &'a str,
    /// Its process, whose processor time is measured.
    pub process: u32,
}

/// Sends requests over this number of connections, each as soon as the one before is answered. Every answer must have status
/// 200 and `length` bytes, if that is given.
pub async fn run(
    target: &Target<'_>,
    connections: usize,
    time: Duration,
    bodies: Bodies,
    length: Option<usize>,
) -> Outcome<Sample> {
    let number = Arc::new(AtomicU64::new(0));
    let turn = |time: Duration| {
        let work = (0..connections).map(|_| {
            let (address, path) = (target.address.to_owned(), target.path.to_owned());
            tokio::spawn(caller(address, path, time, Arc::clone(&bodies), Arc::clone(&number), length))
        });
        try_join_all(work.collect::<Vec<_>>())
    };
    for done in turn(WARM_UP).await? {
        done?;
    }
    let (start, before) = (Instant::now(), processor_time(target.process)?);
    let mut calls = Vec::new();
    for done in turn(time).await? {
        calls.extend(done?);
    }
    let (taken, processor) = (start.elapsed(), processor_time(target.process)? - before);
    let count = calls.len() as u64;
    let each = processor.as_secs_f64() * 1_000.0 / count as f64;
    Ok(Sample { processor: Some(each), ..Sample::timed(count, taken, calls) })
}

async fn caller(
    address: String,
    path: String,
    time: Duration,
    bodies: Bodies,
    number: Arc<AtomicU64>,
    length: Option<usize>,
) -> Outcome<Vec<Duration>> {
    let mut stream = TcpStream::connect(&address).await?;
    stream.set_nodelay(true)?;
    let (start, mut calls, mut buffer) = (Instant::now(), Vec::new(), Vec::new());
    while start.elapsed() < time {
        let body = bodies(number.fetch_add(1, Ordering::Relaxed));
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\naccept: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let found = answer(&mut stream, &mut buffer).await?;
        calls.push(sent.elapsed());
        if length.is_some_and(|length| length != found) {
            return Err(format!("an answer of {found} bytes instead of {length:?}").into());
        }
    }
    Ok(calls)
}

/// Reads one response to its end. Answers the length of its body.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Outcome<usize> {
    buffer.clear();
    let end = loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection was closed".into());
        }
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = std::str::from_utf8(&buffer[..end])?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(format!("{head}{}", String::from_utf8_lossy(&buffer[end..])).into());
    }
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .ok_or_else(|| format!("a response without length: {head}"))?;
    let length: usize = length.1.trim().parse()?;
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection was closed inside a response".into());
        }
    }
    Ok(length)
}

/// Processor time that a process has used, from `/proc`, in ticks of 10 ms.
pub fn processor_time(process: u32) -> Outcome<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program may contain spaces; it ends with the last parenthesis.
    let (_, rest) = stat.rsplit_once(')').ok_or("an unknown format of /proc")?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || Outcome::Ok(fields.next().ok_or("an unknown format of /proc")?.parse::<u64>()?);
    Ok(Duration::from_millis((ticks()? + ticks()?) * 10))
}
