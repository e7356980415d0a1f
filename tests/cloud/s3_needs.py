"""Rights that calls of S3 need: actions have other names than operations."""

from __future__ import annotations

from typing import Any

READ, WRITE, LIST = "GetObject", "PutObject", "ListBucket"
ACTIONS = {
    "CompleteMultipartUpload": WRITE,
    "CopyObject": WRITE,
    "CreateMultipartUpload": WRITE,
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteObjects": "DeleteObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": LIST,
    "HeadObject": READ,
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": LIST,
    "ListObjectsV2": LIST,
    "ListParts": "ListMultipartUploadParts",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": WRITE,
    "UploadPartCopy": WRITE,
}


# Actions that have another name for a version of an object.
OF_VERSIONS = {READ, "DeleteObject"}


def s3_action(operation: str, p: dict[str, Any]) -> str:
    """Return IAM's name of an operation."""
    action = ACTIONS.get(operation, operation)
    return (
        f"{action}Version" if action in OF_VERSIONS and p.get("VersionId") else action
    )


def s3_resources(operation: str, p: dict[str, Any]) -> list[str]:
    """Return the ARNs of the objects, or of the bucket."""
    if not p.get("Bucket"):
        return []
    if operation == "DeleteObjects":
        keys = [each["Key"] for each in p["Delete"]["Objects"]]
    else:
        keys = [p["Key"]] if p.get("Key") else []
    bucket = f"arn:aws:s3:::{p['Bucket']}"
    return [f"{bucket}/{key}" for key in keys] or [bucket]
