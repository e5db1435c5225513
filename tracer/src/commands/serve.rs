//! `tracer serve`.

use std::sync::Arc;

use anyhow::Result;

use crate::{
    cli::ServeArgs,
    measure::measure_in_rounds,
    probe,
    serve::{
        Board, Exporter,
        listen::Listening,
        web::{Web, WebConfig},
    },
};

/// Measures in rounds and serves what that brings, until a signal comes.
///
/// # Errors
/// If it cannot listen or measure.
pub fn run(args: &ServeArgs) -> Result<()> {
    let options = args.measurement();
    // What is wrong with the command line and its files comes out before anything is attached.
    let config = args.web_config.as_deref().map(WebConfig::read).transpose()?.unwrap_or_default();
    probe::check_privileges()?;
    let listening = Listening::at(&args.listen)?;
    let address = match &listening {
        Listening::Tcp(_) if config.is_encrypted() => format!("https://{listening}/metrics"),
        Listening::Tcp(_) => format!("http://{listening}/metrics"),
        Listening::Unix(..) => format!("/metrics on {listening}"),
    };
    let board = Arc::new(Board::default());
    let web = Web::start(listening, &config, Arc::clone(&board))?;
    let mut exporter = Exporter::new(&options, args.top, address, board);
    let measured = measure_in_rounds(&options, &mut exporter);
    exporter.stops();
    web.finish();
    measured
}
