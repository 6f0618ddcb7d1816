"""Set the limits of this process, then become the command: `launcher CPU_S MEMORY_MIB FILE_MIB COMMAND…`.

Run as a file, without site packages: it starts in about 10 ms and imports nothing of ours.
"""

import os
import resource
import sys

if __name__ == "__main__":
    cpu_s, memory_mib, file_mib = (int(word) for word in sys.argv[1:4])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_mib << 20, file_mib << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    if memory_mib:
        resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))
    os.execv(sys.argv[4], sys.argv[4:])  # noqa: S606 - becoming the command is the purpose
