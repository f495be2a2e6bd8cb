//! Answers in pages: page after page, and no more of them than AWS could have.

use std::error::Error;

use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Account, AccountError, Operation};

/// CloudWatch lists 500 metrics on a page and gives 100,800 data points on one.
const MOST_PAGES: usize = 100;

/// More than all minutes of two weeks in every series that is asked for, and more metrics than fit on the pages.
const MOST_ENTRIES: usize = 300_000;

/// What one question is answered with.
pub struct Pages<'a, T, E> {
    account: &'a Account,
    operation: Operation,
    pages: PaginationStream<Result<T, SdkError<E, HttpResponse>>>,
    /// Of a page.
    entries: fn(&T) -> usize,
    so_far: (usize, usize),
}

impl<'a, T, E> Pages<'a, T, E>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    pub fn new(
        account: &'a Account,
        operation: Operation,
        pages: PaginationStream<Result<T, SdkError<E, HttpResponse>>>,
        entries: fn(&T) -> usize,
    ) -> Self {
        Self { account, operation, pages, entries, so_far: (0, 0) }
    }

    /// # Errors
    /// When it is refused, or is not the end where there must be one.
    pub async fn next(&mut self) -> Result<Option<T>, AccountError> {
        let Some(page) = self.pages.next().await else { return Ok(None) };
        let page = page.map_err(|error| self.account.error(self.operation, &error))?;
        let (pages, entries) = &mut self.so_far;
        *pages += 1;
        *entries += (self.entries)(&page);
        if *pages > MOST_PAGES || *entries > MOST_ENTRIES {
            return Err(AccountError::Endless { action: self.operation.action, pages: *pages, entries: *entries });
        }
        Ok(Some(page))
    }
}
