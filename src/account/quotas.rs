//! Service Quotas: what the account may do.

use aws_sdk_servicequotas::types::ServiceQuota;

use super::pages::Pages;
use super::{Account, AccountError, Operation, Service};
use crate::govern::baseline::AccountQuota;

const SERVICE: &str = "bedrock";
const APPLIED: Operation = Operation { action: "servicequotas:ListServiceQuotas", service: Service::Quotas };
const DEFAULTS: Operation = Operation { action: "servicequotas:ListAWSDefaultServiceQuotas", service: Service::Quotas };

impl Account {
    /// Quotas as they are applied to this account.
    ///
    /// # Errors
    /// When Service Quotas does not tell.
    pub async fn applied_quotas(&self) -> Result<Vec<AccountQuota>, AccountError> {
        let mut found = Vec::new();
        let pages = self.quotas.list_service_quotas().service_code(SERVICE).into_paginator().send();
        let mut pages = Pages::new(self, APPLIED, pages, |page| page.quotas().len());
        while let Some(page) = pages.next().await? {
            found.extend(page.quotas().iter().filter_map(|quota| self.read(quota, true)));
        }
        Ok(found)
    }

    /// AWS's defaults: Service Quotas lists a quota as applied only where it was set for the account.
    ///
    /// # Errors
    /// When Service Quotas does not tell.
    pub async fn default_quotas(&self) -> Result<Vec<AccountQuota>, AccountError> {
        let mut found = Vec::new();
        let pages = self.quotas.list_aws_default_service_quotas().service_code(SERVICE).into_paginator().send();
        let mut pages = Pages::new(self, DEFAULTS, pages, |page| page.quotas().len());
        while let Some(page) = pages.next().await? {
            found.extend(page.quotas().iter().filter_map(|quota| self.read(quota, false)));
        }
        Ok(found)
    }

    fn read(&self, quota: &ServiceQuota, applied: bool) -> Option<AccountQuota> {
        let (name, value) = (self.told.clean(quota.quota_name()?), quota.value()?);
        Some(AccountQuota { name, code: self.told.clean(quota.quota_code().unwrap_or_default()), value, applied })
    }
}
