#!/bin/sh
# unpack-debian.sh <suites> <directory> <package>...
#
# Unpacks Debian's packages, with every library that they need, into <directory>/root, and writes a launcher
# <directory>/bin/<program> for each program of the named packages, which uses the package's own loader and libraries.
# The packages are of the last suite, their libraries of any suite; suites are separated by commas (trixie, or
# sid,experimental). Nothing is installed, and nothing outside <directory> is written. The mirror is that of this
# machine's apt. If a package is missing, the last line of stderr says so, with exit code 1.
set -eu
suites=$1
suite=${suites##*,}
mkdir -p "$2"
dir=$(cd "$2" && pwd)
shift 2

fail() {
  echo "$*" >&2
  exit 1
}

for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || fail "no $tool on this machine; $* is unpacked from Debian's packages"
done

# Any of apt's source formats, read by apt itself: update's plan names <mirror>/dists/<suite>/InRelease.
mkdir -p "$dir/plan/partial"
mirror=${SPOP_DEBIAN_MIRROR:-$(apt-get -o Dir::State::lists="$dir/plan" --print-uris update 2>/dev/null |
  sed -n "s,^'\(.*/debian\)/dists/[a-z]*/InRelease'.*,\1,p;" | sed -n 1p)}
[ -n "$mirror" ] || fail "this machine's apt has no Debian mirror configured (SPOP_DEBIAN_MIRROR names one)"
keyring=${SPOP_DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
[ -r "$keyring" ] || fail "no $keyring (package debian-archive-keyring; SPOP_DEBIAN_KEYRING names another file)"

mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/preferences.d" "$dir/root" "$dir/bin"
: >"$dir/status"
for each in $(echo "$suites" | tr , ' '); do
  echo "deb [signed-by=$keyring] $mirror $each main"
done >"$dir/sources.list"

# An empty dpkg status makes apt fetch the whole closure of libraries, libc included.
apt() {
  apt-get -qq -o Dir::State::lists="$dir/lists" -o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache" \
    -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferencesparts="$dir/preferences.d" -o APT::Install-Recommends=0 -o APT::Sandbox::User=root \
    -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Debug::NoLocking=1 "$@" >&2
}
apt update || fail "apt cannot read the package list of Debian $suite from $mirror"
# With "/suite", apt takes no package of another suite instead of a missing one.
apt --yes --download-only --target-release "$suite" install $(printf "%s/$suite " "$@") ||
  fail "apt cannot download $* of Debian $suite from $mirror"

for package in "$dir"/cache/archives/*.deb; do
  dpkg-deb --extract "$package" "$dir/root"
done

# The loader of the suite's own libc: the regular file, because its symbolic links are absolute and lead to this machine's.
loader=$(find "$dir/root" -type f -name 'ld-linux*.so.*' -print | sed -n 1p)
[ -n "$loader" ] || fail "the packages of Debian $suite hold no ld-linux*.so.*"
libraries=
for library in "$dir"/root/lib/*-linux-gnu* "$dir"/root/usr/lib/*-linux-gnu* "$dir"/root/usr/lib/*-linux-gnu*/pulseaudio; do
  [ ! -d "$library" ] || libraries="$libraries\$here/${library#"$dir"/}:"
done
for package in "$@"; do
  for program in $(dpkg-deb --fsys-tarfile "$dir/cache/archives/${package}"_*.deb | tar -t | grep -E '^\./usr/s?bin/.'); do
    program=${program#./}
    # Only files that begin with \177ELF; a script needs no loader.
    [ "$(head -c 4 "$dir/root/$program" | tail -c 3)" = ELF ] || continue
    cat >"$dir/bin/${program##*/}" <<SH
#!/bin/sh
here=\$(cd "\$(dirname "\$0")/.." && pwd)
exec "\$here/${loader#"$dir"/}" --library-path "${libraries%:}" "\$here/root/$program" "\$@"
SH
    chmod +x "$dir/bin/${program##*/}"
  done
done
# A program that starts itself again by its own path, as usr/lib/chromium/chromium does, cannot run through a loader. It uses
# this machine's loader with its libc, which must be as new as the suite's.
for package in "$@"; do
  program=usr/lib/$package/$package
  [ -f "$dir/root/$program" ] || continue
  for library in $(dpkg-deb --fsys-tarfile "$dir"/cache/archives/libc6_*.deb | tar -t | grep -E '\.so(\.[0-9]+)*$'); do
    rm -f "$dir/root/$library"
  done
  cat >"$dir/bin/$package" <<SH
#!/bin/sh
here=\$(cd "\$(dirname "\$0")/.." && pwd)
export LD_LIBRARY_PATH="$libraries" FONTCONFIG_SYSROOT="\$here/root"
exec "\$here/root/$program" "\$@"
SH
  chmod +x "$dir/bin/$package"
done
[ -n "$(ls "$dir/bin")" ] || fail "$* of Debian $suite has no program"
rm -rf "$dir/cache" "$dir/lists" "$dir/plan" "$dir/preferences.d" "$dir/sources.list" "$dir/status" \
  "$dir"/root/usr/share/doc "$dir"/root/usr/share/man "$dir"/root/usr/share/locale "$dir"/root/usr/share/perl* \
  "$dir"/root/usr/lib/*/perl* "$dir"/root/usr/lib/*/gconv
