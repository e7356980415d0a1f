#!/bin/bash
# Stands for the programs of Amazon Linux that Debian has otherwise or that need a booted
# machine. Notes what it is asked, and answers with the files beside it:
#   <program>.fails    how often the program still fails
cd /stand-ins || exit
name=${0##*/}
echo "$name $*" >> log

fails() {
    local left
    left=$(cat "$1.fails" 2> /dev/null || echo 0)
    [ "$left" -gt 0 ] && echo $((left - 1)) > "$1.fails"
}
if fails "$name" || fails "$name $1" || fails "$name $1 $2"; then
    echo "$name is told to fail" >&2
    exit 1
fi

case "$name $*" in
"aws ssm get-parameter "*) echo "$(cat settings)" ;;
"aws ecr get-login-password") echo a-password ;;
"aws secretsmanager get-secret-value "*) cat secret ;;
"aws s3 cp "*s3://*/here.dump\ *) echo a-backup > "${*: -1}" ;;
"aws s3 cp "*) cat "${*: -2:1}" > uploaded ;;
curl*--output*) echo a-plugin > "$(sed 's/.*--output \([^ ]*\).*/\1/' <<< "$*")" ;;
"dd "*) head -c 1M /dev/zero > /swapfile.new ;;
"dnf needs-restarting "*) cat hint; [ ! -s hint ] ;;
"docker login "*) cat > /dev/null ;;
"docker create "*) echo a-container ;;
"docker cp "*) cp -r /image/. "$OLDPWD/${*: -1}" ;;
"docker image inspect --format "*) cat architecture ;;
"docker compose "*" config --services") cat services ;;
"docker compose "*" ps "*) cat states ;;
"docker compose "*" exec "*pg_dump*) echo a-dump ;;
"docker compose "*" exec "*control-plane*) cat > restored; echo "Restored: all." ;;
"docker compose "*" exec "*psql*--command*) echo 2026-12-01T02:30:00+00:00 ;;
"docker compose "*" exec "*" server "*) cat > asked; cat pulse ;;
"grubby --default-kernel") cat kernel ;;
"lsblk "*) cat filesystem ;;
"mkfs.xfs "*) echo xfs > filesystem ;;
"mount "*) touch mounted ;;
"mountpoint "*) [ -e mounted ] ;;
# Nobody waits for ever.
"sleep "*) [ "$(grep -c ^sleep log)" -lt 100 ] || kill "$PPID" ;;
"systemctl list-units "*) cat failed ;;
esac
