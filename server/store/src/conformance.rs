//! Tests that every backend passes. A backend's `tests/conformance.rs` calls [`crate::conformance_suite`] with a
//! function that gives a fresh, migrated store.
//!
//! The functions return the store's error, and assert the rest.
#![expect(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "every function of the suite fails with the store's error and panics when the backend is wrong"
)]

pub mod accounts;
pub mod archive;
pub mod backups;
pub mod change_log;
pub mod devices;
pub mod digest;
pub mod erasure;
pub mod hubs;
pub mod mending;
pub mod node;
pub mod pull;
pub mod quarantine;
pub mod receipts;
pub mod samples;
pub mod trust;
pub mod views;

/// Writes one `#[tokio::test]` per function of the suite. `$fresh` is an async function that returns
/// `(guard, impl Store)`; the guard lives as long as the test.
#[macro_export]
macro_rules! conformance_suite {
    ($fresh:path) => {
        $crate::conformance_suite!(@tests $fresh,
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
                a_document_enters_a_scope_without_a_new_change,
                a_document_that_moves_stays_in_its_old_scope,
            ],
            digest: [
                sums_follow_what_scopes_list, membership_adds_up_over_pages, own_changes_are_named,
                a_scope_is_listed_up_to_a_position, branches_and_events_are_kept,
            ],
            erasure: [
                an_erased_document_leaves_everything_but_its_name, who_reads_a_scope_learns_of_it_once,
                what_changed_meanwhile_is_not_erased_by_mistake,
            ],
            mending: [rotted_bytes_are_put_right],
            quarantine: [
                a_quarantined_change_is_listed, an_accepted_change_leaves_quarantine, a_second_refusal_counts_as_a_retry,
            ],
            views: [
                a_view_is_replaced, days_are_found_by_their_date, rows_are_listed_newest_first, the_list_is_filtered, the_list_is_paged,
                residents_are_neighbours_by_key_and_by_decision, a_changed_key_marks_both_groups,
                group_flags_reach_the_list, tracking_codes_are_found, a_reset_empties_the_views,
                texts_of_any_length_and_with_any_character_are_taken, a_step_that_begins_elsewhere_is_refused,
            ],
            accounts: [
                a_username_is_taken_once, an_account_is_updated, a_web_session_ends, a_disabled_account_has_no_session,
                wrong_passwords_are_counted_by_pair,
            ],
            trust: [
                the_newest_certificate_of_a_node_is_kept, the_latest_grant_of_a_day_is_kept,
                a_revocation_ends_sessions_and_stays, a_nonce_enters_once,
            ],
            hubs: [
                a_code_is_good_once_and_not_for_long, a_hub_is_listed_with_its_days_and_contacts,
                chains_wait_until_the_office_holds_them, second_ways_wait_too, chains_are_asked_about_in_pages,
                what_the_office_keeps_aside_is_kept_to_be_handed_on,
            ],
            devices: [
                a_device_keeps_its_key, a_revoked_device_says_so, a_grant_is_given_once, a_label_is_given_once_a_day,
            ],
            archive: [
                every_table_and_column_is_named, an_export_is_of_one_moment,
                a_log_that_does_not_fit_its_hashes_is_noticed,
            ],
            backups: [
                one_backup_runs_at_a_time, a_failed_backup_covers_nothing, a_good_backup_covers_the_chains_in_it,
            ],
            receipts: [
                the_best_word_of_the_office_is_kept, the_office_speaks_of_each_way_of_a_session,
                hashes_of_frames_are_read_in_order, a_release_is_remembered_with_its_reason,
            ],
        );
        $crate::conformance_suite!(@pairs $fresh,
            archive_to_another: archive [
                an_empty_store_takes_everything_of_another, a_store_that_holds_something_takes_nothing,
                an_import_that_breaks_leaves_the_store_empty,
            ],
        );
    };
    (@pairs $fresh:path, $($module:ident: $noun:ident [$($name:ident),* $(,)?]),* $(,)?) => {
        $(mod $module {
            $(
                #[tokio::test]
                async fn $name() -> Result<(), $crate::StoreError> {
                    let ((_one, store), (_other, empty)) = ($fresh().await, $fresh().await);
                    $crate::conformance::$noun::$name(&store, &empty).await
                }
            )*
        })*
    };
    (@tests $fresh:path, $($noun:ident: [$($name:ident),* $(,)?]),* $(,)?) => {
        $(mod $noun {
            $(
                #[tokio::test]
                async fn $name() -> Result<(), $crate::StoreError> {
                    let (_guard, store) = $fresh().await;
                    $crate::conformance::$noun::$name(&store).await
                }
            )*
        })*
    };
}
