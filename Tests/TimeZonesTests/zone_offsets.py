"""What Python's zoneinfo makes of the system's time zone files: FOLDER YEAR.

Prints for each zone, name first, the offset from UTC in seconds at the year's first hour, and then for each hour at which
it is another one than an hour before: HOUR:OFFSET. Nothing is known here of how the zones come to change.
"""

import os
import sys
import zoneinfo
from datetime import datetime, timedelta, timezone

folder, year = sys.argv[1], int(sys.argv[2])
zoneinfo.reset_tzpath([folder])
start = datetime(year, 1, 1, tzinfo=timezone.utc)
hours = (datetime(year + 1, 1, 1, tzinfo=timezone.utc) - start) // timedelta(hours=1)
names = []
for path, folders, files in os.walk(folder):
    folders[:] = [name for name in folders if name not in ("right", "posix")]
    names += [os.path.relpath(os.path.join(path, name), folder) for name in files]
moments = [start + timedelta(hours=hour) for hour in range(hours)]
for name in sorted(names):
    with open(os.path.join(folder, name), "rb") as file:
        if file.read(4) != b"TZif":
            continue
    zone = zoneinfo.ZoneInfo(name)
    before, steps = None, []
    for hour, moment in enumerate(moments):
        offset = moment.astimezone(zone).utcoffset()
        if offset != before:
            steps.append(f"{hour}:{int(offset.total_seconds())}")
            before = offset
    print(name, *steps)
