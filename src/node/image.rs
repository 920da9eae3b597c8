//! Images: what is on the node, pulls one after another, and the back-off after failures.
//!
//! Source: kubelet v1.32 `images/image_manager.go`; `spec` node 2.6.

use super::backoff::BackOff;
use super::image_gc::ImageOnDisk;
use super::pod_cx::PodCx;
use crate::api::pod::ImagePullPolicy;
use crate::component::events::EventType;
use crate::kernel::SimDuration;
use crate::trace::{ContainerFact, Detail, Subject};

/// What stands between a container and its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pull {
    /// Nothing.
    Present,
    /// A pull, or a word with the registry, that ends after this time.
    Wait(SimDuration),
    /// The image cannot be had now; the reason has been noted.
    Refused,
}

impl PodCx<'_, '_> {
    /// Makes sure that the image of a container is there, or says how long that takes.
    pub(super) fn ensure_image(&mut self, index: usize) -> Pull {
        let container = self.pod.spec(index);
        let image = container.image.clone();
        let policy = container.image_pull_policy.unwrap_or(ImagePullPolicy::IfNotPresent);
        if !is_reference(&image) {
            let error = format!("couldn't parse image name \"{image}\": invalid reference format");
            let text = format!("Failed to apply default image tag \"{image}\": {error}");
            self.container_event(index, EventType::Warning, "InspectFailed", text.clone());
            let failed = "Error: InvalidImageName".to_owned();
            self.container_event(index, EventType::Warning, "Failed", failed);
            self.pod.worker.reasons[index] = Some(("InvalidImageName".into(), text.into()));
            return Pull::Refused;
        }
        let present = self.host.images.contains_key(&image);
        match policy {
            ImagePullPolicy::IfNotPresent | ImagePullPolicy::Never if present => {
                let more = if self.host.minor_version >= 35 { " and can be accessed by the pod" } else { "" };
                let text = format!("Container image \"{image}\" already present on machine{more}");
                self.container_event(index, EventType::Normal, "Pulled", text);
                return Pull::Present;
            }
            ImagePullPolicy::Never => {
                let text = format!("Container image \"{image}\" is not present with pull policy of Never");
                self.container_event(index, EventType::Warning, "ErrImageNeverPull", text.clone());
                self.pod.worker.reasons[index] = Some(("ErrImageNeverPull".into(), text.into()));
                return Pull::Refused;
            }
            ImagePullPolicy::Always | ImagePullPolicy::IfNotPresent => {}
        }
        if self.in_pull_backoff(index) {
            let text = format!("Back-off pulling image \"{image}\"");
            self.container_event(index, EventType::Normal, "BackOff", text.clone());
            self.container_event(index, EventType::Warning, "Failed", "Error: ImagePullBackOff".to_owned());
            let text = match self.host.minor_version {
                ..32 => text,
                _ => format!("{text}: ErrImagePull: {}", pull_error(&image)),
            };
            self.pod.worker.reasons[index] = Some(("ImagePullBackOff".into(), text.into()));
            return Pull::Refused;
        }
        self.begin_pull(index, present)
    }

    fn begin_pull(&mut self, index: usize, present: bool) -> Pull {
        let container = self.pod.spec(index);
        let (image, name) = (container.image.clone(), container.name.clone());
        self.container_event(index, EventType::Normal, "Pulling", format!("Pulling image \"{image}\""));
        self.record_image(
            index,
            ContainerFact::Pulling,
            "ImagePulling",
            format!("container {name} pulls {image}"),
        );
        let model = self.env.apps.model_for(self.pod.spec(index), &self.pod.pod.metadata.labels).clone();
        let takes = if present {
            self.ctx.settings.image_check_latency
        } else if model.image_missing {
            SimDuration::ZERO
        } else {
            let size = model.image_size.unwrap_or(self.ctx.settings.default_image_size);
            let takes = model.pull_time.unwrap_or_else(|| self.transfer_time(size));
            takes.saturating_mul(self.env.faults.pull_slowdown(&image, &self.host.name))
        };
        let now = self.ctx.now;
        let begin =
            if self.ctx.settings.serialize_image_pulls { now.max(self.host.pulls_until) } else { now };
        let end = begin + takes;
        self.host.pulls_until = end;
        self.host.pull_began.insert((self.id, index), (now, takes));
        if end == now {
            return if self.pull_finished(index) { Pull::Present } else { Pull::Refused };
        }
        Pull::Wait(end - now)
    }

    fn transfer_time(&self, bytes: u64) -> SimDuration {
        let bandwidth = self.ctx.settings.registry_bandwidth;
        let transfer = if bandwidth == 0 {
            0
        } else {
            u64::try_from(u128::from(bytes) * 1_000_000_000 / u128::from(bandwidth)).unwrap_or(u64::MAX)
        };
        self.ctx.settings.image_pull_latency + SimDuration::from_nanos(transfer)
    }

    /// A pull has ended; returns whether the image is there now.
    pub(super) fn pull_finished(&mut self, index: usize) -> bool {
        let container = self.pod.spec(index);
        let (image, name) = (container.image.clone(), container.name.clone());
        let now = self.ctx.now;
        let (asked, took) =
            self.host.pull_began.remove(&(self.id, index)).unwrap_or((now, SimDuration::ZERO));
        let model = self.env.apps.model_for(container, &self.pod.pod.metadata.labels).clone();
        if model.image_missing || self.env.faults.pull_fails(&image, &self.host.name) {
            self.pull_failed(index);
            return false;
        }
        let size = model.image_size.unwrap_or(self.ctx.settings.default_image_size);
        let since = self.host.images.get(&image).map_or(now, |image| image.since);
        self.host.images.insert(image.clone(), ImageOnDisk { bytes: size, since, used_at: now });
        self.host.usage_changed = true;
        self.pod.worker.image_backoff[index] = None;
        let whole = now.saturating_since(asked);
        let text = format!(
            "Successfully pulled image \"{image}\" in {took} ({whole} including waiting). Image size: {size} bytes."
        );
        self.container_event(index, EventType::Normal, "Pulled", text);
        self.record_image(
            index,
            ContainerFact::Pulled,
            "ImagePulled",
            format!("container {name} has {image}"),
        );
        true
    }

    fn pull_failed(&mut self, index: usize) {
        let image = self.pod.spec(index).image.clone();
        let error = pull_error(&image);
        self.container_event(
            index,
            EventType::Warning,
            "Failed",
            format!("Failed to pull image \"{image}\": {error}"),
        );
        self.container_event(index, EventType::Warning, "Failed", "Error: ErrImagePull".to_owned());
        self.pod.worker.reasons[index] = Some(("ErrImagePull".into(), error.into()));
        let now = self.ctx.now;
        let entry = self.pod.worker.image_backoff[index];
        self.pod.worker.image_backoff[index] = Some(self.pull_backoff().next(entry, now, now));
    }

    fn in_pull_backoff(&self, index: usize) -> bool {
        self.pull_backoff().is_waiting_since_update(self.pod.worker.image_backoff[index], self.ctx.now)
    }

    fn pull_backoff(&self) -> BackOff {
        BackOff::new(self.ctx.settings.image_pull_backoff, self.ctx.settings.max_image_pull_backoff)
    }

    fn record_image(&mut self, index: usize, fact: ContainerFact, event: &'static str, text: String) {
        let metadata = &self.pod.pod.metadata;
        let subject = Subject::pod(&metadata.namespace, &metadata.name);
        let detail = Detail::Container {
            container: self.pod.spec(index).name.clone(),
            node: self.host.name.clone(),
            fact,
        };
        self.ctx.trace.record(self.ctx.now, "runtime", subject, event, event, text, detail);
    }
}

/// What containerd says of an image that the registry does not have.
fn pull_error(image: &str) -> String {
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve reference \
         \"{image}\": {image}: not found"
    )
}

/// Whether an image name can be parsed (`distribution/reference`): `[host[:port]/]path[:tag][@digest]`, where the parts of
/// the path are lower case letters and digits with `.`, `_`, `__` or dashes between them.
fn is_reference(image: &str) -> bool {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let (path, tag) = match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (name, None),
    };
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let good_tag = |tag: &str| {
        tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(|c| word(c) || c == '.' || c == '-')
    };
    let good_digest = |digest: &str| {
        digest.split_once(':').is_some_and(|(algorithm, hex)| {
            !algorithm.is_empty() && hex.len() >= 32 && hex.chars().all(|c| c.is_ascii_hexdigit())
        })
    };
    let parts: Vec<&str> = path.split('/').collect();
    let is_host = |part: &str| part.contains('.') || part.contains(':') || part == "localhost";
    let first = usize::from(parts.len() > 1 && is_host(parts[0]));
    let good_part = |part: &&str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        part.starts_with(inner)
            && part.ends_with(inner)
            && part.chars().all(|c| inner(c) || matches!(c, '.' | '_' | '-'))
            && !part.contains("..")
            && !part.contains("___")
    };
    tag.is_none_or(good_tag) && digest.is_none_or(good_digest) && parts[first..].iter().all(good_part)
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn image_names_are_parsed() {
        for good in [
            "nginx",
            "nginx:1.27",
            "localhost:5000/a/b-c:v1",
            "registry.k8s.io/pause:3.10",
            "a__b/c.d",
            "web:1@sha256:\
                      0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert!(is_reference(good), "{good}");
        }
        for bad in ["", "Nginx", "nginx:", "nginx:a b", "-x", "a//b", "nginx:-1", "a@sha256:12", "a..b"] {
            assert!(!is_reference(bad), "{bad}");
        }
    }
}
