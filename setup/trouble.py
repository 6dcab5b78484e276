"""What went wrong, in one line that says how to put it right."""

from __future__ import annotations

import re


class Trouble(Exception):
    """One line for the person at the terminal: what is missing or broken, and how to get it."""


NETWORK = (
    r"error sending request|dns error|failed to fetch|connection (?:refused|reset|timed out)|connect timeout|"
    r"operation timed out|network is unreachable|temporary failure in name resolution|newconnectionerror|"
    r"max retries exceeded|enotfound|eai_again|econnrefused|econnreset|etimedout"
)

# (pattern in the log, what to say; the groups of the pattern fill the braces)
KNOWN = (
    (r"no space left on device|enospc", "磁盘满了：腾出约 6 GB 后再试"),
    (
        r"hash mismatch for `?([\w.\-\[\]]+)",
        "锁文件 {lock} 与下载到的包不符（{0}）：用 git checkout 恢复它，或用 make locks 重新生成",
    ),
    (
        r"do not match the hashes from the requirements file|hash mismatch",
        "锁文件 {lock} 与下载到的包不符：用 git checkout 恢复它，或用 make locks 重新生成",
    ),
    (
        r"require-hashes|couldn't parse|could not parse|invalid requirement|unsupported requirement|"
        r"expected (?:one of|package name|a valid|version|`--hash`)|unexpected '|stream did not contain valid utf-8",
        "锁文件 {lock} 坏了：用 git checkout 恢复它，或用 make locks 重新生成",
    ),
    (
        r"eintegrity",
        "锁文件 package-lock.json 与下载到的包不符：用 git checkout 恢复它，或用 make locks 重新生成",
    ),
    (
        r"ejsonparse|invalid package.?lock|existing package-lock\.json|in sync|eusage",
        "package-lock.json 坏了，或与 package.json 不一致：用 git checkout 恢复，或用 make locks 重新生成",
    ),
    (
        NETWORK,
        "连不上软件源：检查网络或代理（UV_DEFAULT_INDEX、npm config set registry 可换镜像），然后再来一次",
    ),
    (
        r"no solution found|no matching distribution|etarget|enoversions",
        "软件源里找不到锁定的版本：换一个软件源再试",
    ),
    (r"eacces|permission denied", "没有写入权限：检查本目录归谁所有"),
    (r"\bkilled\b|out of memory|memoryerror", "内存不够：训练和构建约需 3 GB，关掉别的程序再试"),
)


def explain(log: str, lock: str = "") -> str:
    """The one line for a failed step, from the end of its log; the log's own last words when nothing fits."""
    tail = "\n".join(line for line in log[-20_000:].splitlines() if not line.startswith("$ "))
    for pattern, sentence in KNOWN:
        found = re.search(pattern, tail, re.IGNORECASE)
        if found:
            return sentence.format(*found.groups(), lock=lock or "requirements/")
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("npm ")] or lines
    errors = [line for line in lines if re.search(r"error|错误|失败", line, re.IGNORECASE)]
    compiler = [line for line in errors if re.search(r"error TS\d+", line)]  # the first is the cause
    return (compiler[:1] or errors[-1:] or lines[-1:] or ["没有留下任何说明"])[0][:200]
