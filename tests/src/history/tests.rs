use super::*;

const SMALL: Scale = Scale { seed: 1, days: 2, tablets: 3, starts: 2, visitors: 2 };

async fn log_of(scale: Scale) -> (Made, [u8; 8]) {
    let folder = tempfile::tempdir().unwrap();
    let made = generate(folder.path(), scale, |_, _| ()).await.unwrap();
    let app = App::start(Config::new(folder.path().to_path_buf()), Arc::new(Years::new(1))).await.unwrap();
    (made, app.store().head().await.unwrap().rolling)
}

#[tokio::test]
async fn equal_scales_make_equal_logs_in_which_nothing_is_kept_aside() {
    let (made, rolling) = log_of(SMALL).await;
    let (_, again) = log_of(SMALL).await;
    let (_, other) = log_of(Scale { seed: 8, ..SMALL }).await;
    assert_eq!((made.days, made.sessions, made.aside), (2, 12, 0));
    assert_eq!((made.documents["visit"], made.documents["application"]), (24, 24));
    assert!((1..=24).contains(&made.documents["resident"]), "some come again");
    assert_eq!(rolling, again);
    assert_ne!(rolling, other);
}
