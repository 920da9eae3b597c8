#!/bin/sh
# Makes every figure of this folder again. Takes about half an hour on a quiet machine.
set -eu
cd "$(dirname "$0")"
for script in make.sh kernel.sh instructions.sh scheduler.sh trace.sh scale.sh profile.sh online-boutique.sh; do (cd .. && sh "results/$script"); done
