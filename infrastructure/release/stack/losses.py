"""Data, and the like, that is lost with a resource of a stack."""

from __future__ import annotations

# What is lost with a resource of these types. No template has it.
LOSSES = {
    "AWS::EC2::EIP": "the address, which others have on their allow-lists",
    "AWS::EC2::Subnet": "the subnet, with all that is connected to it",
    "AWS::EC2::VPC": "the network, with all that is connected to it",
    "AWS::EC2::Volume": "the disk, with its files",
    "AWS::ECR::Repository": "the images, which deployments and rollbacks name",
    "AWS::ECS::Cluster": "the runs in progress, and the cluster's name in the work pool",
    "AWS::EFS::FileSystem": "the file system, with its files",
    "AWS::Logs::LogGroup": "all logs until now",
    "AWS::RDS::DBInstance": "the database, with all that is in it",
    "AWS::S3::Bucket": "the bucket, with its files",
    "AWS::SNS::Topic": "the topic's subscriptions, which each recipient has confirmed",
    "AWS::SQS::Queue": "messages that nobody has read yet",
    "AWS::SecretsManager::Secret": "the secret's value",
}
