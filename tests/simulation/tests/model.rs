//! The modelled store passes the suite of the real ones, for what it keeps.

use mpp_simulation::sim::store::MemoryStore;
use mpp_store::StoreError;

/// One test for each function of the suite, on a store of its own.
macro_rules! suite {
    ($($noun:ident: [$($name:ident),* $(,)?]),* $(,)?) => {
        $(mod $noun {
            use super::{MemoryStore, StoreError};
            $(
                #[tokio::test]
                async fn $name() -> Result<(), StoreError> {
                    mpp_store::conformance::$noun::$name(&MemoryStore::default()).await
                }
            )*
        })*
    };
}

suite!(
    node: [values_are_kept_and_replaced, the_first_value_stays, migrating_twice_changes_nothing],
    change_log: [
        an_appended_batch_is_all_there, a_change_named_twice_is_logged_once,
        a_frame_number_held_already_is_refused_and_nothing_is_kept, a_chain_grows, touched_documents_in_order,
        chains_fold_by_device_and_month, the_rolling_hash_follows_the_log, a_batch_judged_on_what_is_no_longer_so_is_refused,
    ],
    pull: [
        a_pull_gives_each_change_once, a_pull_leaves_out_other_scopes, a_pull_leaves_out_what_the_caller_wrote,
        a_bounded_pull_continues_where_it_stopped, a_cursor_of_another_log_starts_at_the_beginning,
        a_document_that_enters_a_scope_late_brings_its_past,
        a_document_enters_a_scope_without_a_new_change, a_document_that_moves_stays_in_its_old_scope,
    ],
    digest: [
        sums_follow_what_scopes_list, membership_adds_up_over_pages, own_changes_are_named,
        a_scope_is_listed_up_to_a_position, branches_and_events_are_kept,
    ],
    mending: [rotted_bytes_are_put_right],
    quarantine: [
        a_quarantined_change_is_listed, an_accepted_change_leaves_quarantine, a_second_refusal_counts_as_a_retry,
    ],
    devices: [
        a_device_keeps_its_key, a_revoked_device_says_so, a_grant_is_given_once, a_label_is_given_once_a_day,
    ],
    trust: [the_newest_certificate_of_a_node_is_kept, the_latest_grant_of_a_day_is_kept],
    backups: [a_failed_backup_covers_nothing, a_good_backup_covers_the_chains_in_it],
);
