//! Processes of the program.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

/// Waits until a process of the program is ready, at most `patience`. Answers the lines that it has printed until then; later
/// ones are read and dropped.
pub async fn until_ready(
    child: &mut Child,
    patience: Duration,
) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
    let output = child.stdout.take().ok_or("standard output is not piped")?;
    let (mut lines, mut heard) = (BufReader::new(output).lines(), Vec::new());
    let ready = async {
        while let Some(line) = lines.next_line().await? {
            let last = line.contains("Ctrl-C");
            heard.push(line);
            if last {
                return Ok(());
            }
        }
        Err::<(), Box<dyn std::error::Error + Send + Sync>>("the process ended before it was ready".into())
    };
    tokio::time::timeout(patience, ready).await??;
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(heard)
}
