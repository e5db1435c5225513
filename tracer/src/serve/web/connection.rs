//! A connection: one request, one answer, in bounded time.

use std::{convert::Infallible, sync::Arc, time::Duration};

use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{answer::answer, guard::Guard, tls::Tls};
use crate::serve::Board;

/// How long a head may take to arrive.
const HEAD: Duration = Duration::from_secs(5);

/// How long a whole connection may take, for those who read slowly.
const WHOLE: Duration = Duration::from_secs(30);

/// Bytes of a head, at most.
const MOST_HEAD: usize = 16 << 10;

/// What all connections have.
pub struct Connections {
    /// What is told.
    pub board: Arc<Board>,
    /// Who may ask.
    pub guard: Arc<Guard>,
    /// How they are encrypted, if they are.
    pub tls: Option<Tls>,
    /// For how many more there is room.
    pub room: Arc<Semaphore>,
}

impl Connections {
    /// Waits until there is room for one more.
    pub async fn has_room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).acquire_owned().await.ok()
    }

    /// Serves one, beside the others.
    pub fn serve<S>(&self, stream: S, room: Option<OwnedSemaphorePermit>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (board, guard) = (Arc::clone(&self.board), Arc::clone(&self.guard));
        let tls = self.tls.clone();
        tokio::spawn(async move {
            let _room = room;
            // Whoever is too slow, or says nothing that is HTTP, is gone: there is nobody to tell.
            let _ = timeout(WHOLE, async {
                match tls {
                    None => converse(stream, board, guard).await,
                    Some(tls) => {
                        if let Ok(Ok(stream)) = timeout(HEAD, tls.accept(stream)).await {
                            converse(stream, board, guard).await;
                        }
                    }
                }
            })
            .await;
        });
    }

    /// Waits until all have been answered, but no longer than `grace`.
    pub async fn finish(&self, grace: Duration) {
        let all = u32::try_from(super::MOST_CONNECTIONS).unwrap_or(u32::MAX);
        let _ = timeout(grace, self.room.acquire_many(all)).await;
    }
}

async fn converse<S>(stream: S, board: Arc<Board>, guard: Arc<Guard>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (board, guard) = (Arc::clone(&board), Arc::clone(&guard));
        async move { Ok::<_, Infallible>(answer(request, &board, guard).await) }
    });
    // One request each: so nobody holds a place who wants nothing, and a body that comes is never read.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MOST_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
