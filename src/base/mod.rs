//! Small building blocks that know nothing of simulation or Kubernetes.
