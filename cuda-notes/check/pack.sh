#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Packs the check of the device operations for a Linux x86-64 machine with an NVIDIA driver and cuBLAS,
# but without Java and without a network:
#
#     ./mvnw -ntp -DskipTests package
#     cuda-notes/check/pack.sh [FILE]
#
# FILE is dl4j-ebm-check.tar.gz by default. Unpack it there and start dl4j-ebm-check/run.sh.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
file=${1:-dl4j-ebm-check.tar.gz}
java=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pack=$work/dl4j-ebm-check
mkdir -p "$pack/lib"

version=$(sed -n 's:.*<jna.version>\(.*\)</jna.version>.*:\1:p' "$root/pom.xml")
jna=${MAVEN_REPOSITORY:-$HOME/.m2/repository}/net/java/dev/jna/jna/$version/jna-$version.jar
for jar in "$jna" "$root"/dl4j-ebm-layers/target/dl4j-ebm-layers-[0-9]*.jar \
  "$root"/dl4j-ebm-training/target/dl4j-ebm-training-[0-9]*.jar; do
  case $jar in *-tests.jar) continue ;; esac
  if [ ! -f "$jar" ]; then
    echo "$jar is missing; ./mvnw -ntp -DskipTests package makes it" >&2
    exit 1
  fi
  cp "$jar" "$pack/lib/"
done
"$java/bin/jlink" --strip-debug --no-header-files --no-man-pages --compress=0 \
  --add-modules java.base,java.logging,jdk.unsupported --output "$pack/jre"
cp "$here/run.sh" "$here/torch_loops.py" "$pack/"
chmod +x "$pack/run.sh"
tar -C "$work" -czf "$file" dl4j-ebm-check
echo "$file: $(wc -c <"$file") bytes"
