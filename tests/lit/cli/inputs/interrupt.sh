#!/bin/sh
# interrupt.sh FOLDER COMMAND...: ends the command when it has begun a file in FOLDER. It must be stuck there: give it a
# pipe that nobody reads as a second output.
folder=$1
shift
"$@" &
process=$!
for _ in $(seq 500); do
  [ -n "$(ls -A "$folder")" ] && break
  sleep 0.02
done
[ -n "$(ls -A "$folder")" ] || { echo "nothing was begun"; kill "$process"; exit 1; }
kill -TERM "$process"
wait "$process"
[ $? -eq 143 ] || { echo "it did not end by the signal"; exit 1; }
