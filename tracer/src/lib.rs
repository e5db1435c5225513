//! eBPF latency diagnostics: which event-loop threads were blocked on disk inside a call that should have
//! been a memory copy, on which file, for which client, and who waited behind them.
