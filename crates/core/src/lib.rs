//! The domain: registry, identity, placement, tenancy, provisioning, workload. Knows neither HTTP nor a driver.
