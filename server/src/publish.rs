//! What the office publishes at start: the catalogue of its agencies.

use mpp_sync::action::{ActionError, publish_catalogue};

use crate::app::App;
use crate::authoring::AuthoringError;
use crate::catalogue_file::CatalogueFile;
use crate::review::published::Catalogue;

/// Publishes what is new in a catalogue file: agencies, and versions of standards. Says how many agencies changed.
///
/// # Errors
/// [`AuthoringError`].
pub async fn publish(app: &App, file: &CatalogueFile, officer: &str) -> Result<usize, AuthoringError> {
    let known = Catalogue::read(app.store()).await?;
    let mut changed = 0;
    for agency in &file.agencies {
        let documents: Vec<_> = known.document_of(&agency.agency.code).into_iter().collect();
        let written = app
            .office
            .write(officer, &documents, |context, documents| {
                publish_catalogue(context, documents.first_mut(), &agency.agency, &agency.services)
            })
            .await;
        match written {
            Ok(_) => changed += 1,
            Err(AuthoringError::Action(ActionError::Nothing)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(changed)
}
