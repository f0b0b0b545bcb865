//! Passwords.

use mpp_tests::tablet::TabletError;
use mpp_tests::tablet::client::{Client, Login};

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn after_ten_wrong_passwords_even_the_right_one_is_answered_with_a_pause_that_is_said() {
    let world = World::open();
    let (url, account) = (world.url(), world.account("officer"));
    let mut client = Client::new(&url).unwrap();
    let wrong = Login { password: "salah".to_owned(), ..account.login() };
    for attempt in 1..=10 {
        let answer = client.sign_in(&wrong).await;
        assert!(matches!(answer, Err(TabletError::Answer { .. })), "attempt {attempt}: {answer:?}");
    }
    for login in [wrong, account.login()] {
        let Err(TabletError::Answer { status, code, message }) = client.sign_in(&login).await else {
            panic!("somebody was let in after ten wrong passwords");
        };
        assert_eq!((status, code.as_str()), (429, "LOGIN_LOCKED"));
        assert!(message.contains("Tunggu 15 menit"), "{message}");
    }
}
