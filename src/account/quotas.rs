//! Service Quotas: what the account may do.

use aws_sdk_servicequotas::types::ServiceQuota;

use super::{Account, AccountError, error};
use crate::govern::baseline::AccountQuota;

const SERVICE: &str = "bedrock";
const APPLIED: &str = "servicequotas:ListServiceQuotas";
const DEFAULTS: &str = "servicequotas:ListAWSDefaultServiceQuotas";

impl Account {
    /// Quotas as they are applied to this account.
    ///
    /// # Errors
    /// When Service Quotas does not tell.
    pub async fn applied_quotas(&self) -> Result<Vec<AccountQuota>, AccountError> {
        let mut found = Vec::new();
        let mut pages = self.quotas.list_service_quotas().service_code(SERVICE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|refused| error(APPLIED, &self.urls[1], &refused))?;
            found.extend(page.quotas().iter().filter_map(|quota| read(quota, true)));
        }
        Ok(found)
    }

    /// AWS's defaults: Service Quotas lists a quota as applied only where it was set for the account.
    ///
    /// # Errors
    /// When Service Quotas does not tell.
    pub async fn default_quotas(&self) -> Result<Vec<AccountQuota>, AccountError> {
        let mut found = Vec::new();
        let mut pages = self.quotas.list_aws_default_service_quotas().service_code(SERVICE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|refused| error(DEFAULTS, &self.urls[1], &refused))?;
            found.extend(page.quotas().iter().filter_map(|quota| read(quota, false)));
        }
        Ok(found)
    }
}

fn read(quota: &ServiceQuota, applied: bool) -> Option<AccountQuota> {
    let (name, value) = (quota.quota_name()?, quota.value()?);
    Some(AccountQuota {
        name: name.to_owned(),
        code: quota.quota_code().unwrap_or_default().to_owned(),
        value,
        applied,
    })
}
