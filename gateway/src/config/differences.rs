//! What is another in a configuration that was read again, and whether it takes a restart.

use super::Config;

/// When a key of the configuration that has another value is taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// At once, by a gateway that runs.
    Now,
    /// When the gateway starts.
    AtStart,
}

impl Config {
    /// The keys that have another value in `new`, as the file has them.
    pub(crate) fn differences(&self, new: &Self) -> Vec<(&'static str, Taken)> {
        use Taken::{AtStart, Now};
        // Taken apart, so that a further one cannot be forgotten here.
        let Self {
            data_dir,
            backups,
            http,
            public_name,
            allowed_origins,
            plain,
            https,
            certificate,
            mqtt,
            mqtts,
            mdns_enabled,
            mdns_hostname,
            serial_ports,
            firmware,
            gpio,
            clock_trusted,
            smtp,
            oidc,
            limits,
        } = self;
        let all = [
            ("data_dir", *data_dir != new.data_dir, AtStart),
            ("[http] listen", *http != new.http, AtStart),
            ("[http] tls_listen", *https != new.https, AtStart),
            ("[http] plain", *plain != new.plain, AtStart),
            ("[http] public_name", *public_name != new.public_name, AtStart),
            ("[http] allowed_origins", *allowed_origins != new.allowed_origins, AtStart),
            ("[http] certificate", *certificate != new.certificate, AtStart),
            ("[mqtt] listen", *mqtt != new.mqtt, AtStart),
            ("[mqtt] tls_listen", *mqtts != new.mqtts, AtStart),
            ("[mdns] enabled", *mdns_enabled != new.mdns_enabled, AtStart),
            ("[mdns] hostname", *mdns_hostname != new.mdns_hostname, AtStart),
            ("[serial] ports", *serial_ports != new.serial_ports, Now),
            ("[firmware]", *firmware != new.firmware, Now),
            ("[backup]", *backups != new.backups, Now),
            ("[gpio]", *gpio != new.gpio, AtStart),
            ("[clock] trusted", *clock_trusted != new.clock_trusted, AtStart),
            ("[smtp]", *smtp != new.smtp, AtStart),
            ("[oidc]", *oidc != new.oidc, AtStart),
            ("[limits]", *limits != new.limits, AtStart),
        ];
        all.into_iter().filter_map(|(key, differs, taken)| differs.then_some((key, taken))).collect()
    }

    /// As it is once a gateway that runs by `self` has taken up of `new` what it can: all else is as before.
    pub(crate) fn taking_up(self, new: &Self) -> Self {
        Self {
            serial_ports: new.serial_ports.clone(),
            firmware: new.firmware.clone(),
            backups: new.backups.clone(),
            ..self
        }
    }
}
