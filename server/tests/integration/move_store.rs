//! An office that moves to another storage takes everything along.

use mpp_server::app::open_store;
use mpp_server::config::Config;
use mpp_server::move_store::{MoveError, move_store};

use super::server::Server;
use super::tablet::Tablet;

async fn worked() -> Server {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    tablet.application("1604990101900001", "Siti Aminah");
    tablet.cut();
    tablet.sync(&server, &cookie).await;
    server.folded().await;
    server
}

#[tokio::test]
async fn everything_moves_and_is_proved_equal() {
    let server = worked().await;
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path().to_path_buf());
    let target = open_store(&config).await.unwrap();
    let moved = move_store(server.app.store(), target.as_ref()).await.unwrap();
    assert_eq!(moved.rows.head, server.app.store().head().await.unwrap());
    assert_eq!(moved.records.count, 3);
    assert_eq!(target.value("log_id").await.unwrap(), server.app.store().value("log_id").await.unwrap());
    // A second time there is something in the way, and nothing of it is touched.
    let again = move_store(server.app.store(), target.as_ref()).await;
    assert!(matches!(again, Err(MoveError::NotEmpty)));
    let back = tempfile::tempdir().unwrap();
    let back = open_store(&Config::new(back.path().to_path_buf())).await.unwrap();
    assert_eq!(move_store(target.as_ref(), back.as_ref()).await.unwrap(), moved);
}
