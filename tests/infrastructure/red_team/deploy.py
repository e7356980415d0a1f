"""Attempts with the role of GitHub's jobs: somebody has merged a change, or has its keys."""

from __future__ import annotations

from tests.infrastructure.red_team import (
    ADMINISTRATOR,
    EVERYBODY,
    EVERYTHING,
    FULL_ACCESS,
    MACHINE,
    THEIRS,
    arn,
    attempt,
    read,
    role,
    secret,
)

SHELL = "AWS-RunShellScript"
REMOTE = "AWS-StartPortForwardingSessionToRemoteHost"

ATTEMPTS = {
    # change sets
    "Change the platform as an administrator": attempt(
        "cloudformation:CreateChangeSet", StackName="rights", RoleARN=ADMINISTRATOR
    ),
    "Change the platform with the rights of its runs": attempt(
        "cloudformation:CreateChangeSet", StackName="rights", RoleARN="$FlowRoleArn"
    ),
    "Change the platform with a role that no boundary limits": attempt(
        "cloudformation:CreateChangeSet",
        StackName="rights",
        RoleARN=role("rights/unbounded"),
    ),
    "Change its own role's stack": attempt(
        "cloudformation:CreateChangeSet",
        StackName="rights-deploy",
        RoleARN="$StackRoleArn",
    ),
    "Change the network": attempt(
        "cloudformation:CreateChangeSet",
        StackName="rights-foundation",
        RoleARN="$StackRoleArn",
    ),
    "Change the lake": attempt(
        "cloudformation:CreateChangeSet",
        StackName="rights-lake",
        RoleARN="$StackRoleArn",
    ),
    "Change the Prefect server": attempt(
        "cloudformation:CreateChangeSet",
        StackName="rights-server",
        RoleARN="$StackRoleArn",
    ),
    "Make a stack whose name begins like the platform's": attempt(
        "cloudformation:CreateChangeSet",
        StackName="rights2",
        ChangeSetType="CREATE",
        RoleARN="$StackRoleArn",
    ),
    "Take somebody's bucket into the stack": attempt(
        "cloudformation:CreateChangeSet",
        StackName="rights",
        ChangeSetType="IMPORT",
        RoleARN="$StackRoleArn",
        ResourcesToImport=[
            {
                "ResourceType": "AWS::S3::Bucket",
                "LogicalResourceId": "Theirs",
                "ResourceIdentifier": {"BucketName": "theirs"},
            }
        ],
    ),
    "Make the platform's stack in another region": attempt(
        "cloudformation:CreateChangeSet",
        StackName="rights",
        ChangeSetType="CREATE",
        RoleARN="$StackRoleArn",
        region="us-east-1",
    ),
    "Execute a person's change set of the network": attempt(
        "cloudformation:ExecuteChangeSet",
        StackName="rights-foundation",
        ChangeSetName="theirs",
    ),
    "Execute a person's change set of its own role's stack": attempt(
        "cloudformation:ExecuteChangeSet",
        StackName="rights-deploy",
        ChangeSetName="theirs",
    ),
    "Execute a person's change set of the lake": attempt(
        "cloudformation:ExecuteChangeSet",
        StackName="rights-lake",
        ChangeSetName="theirs",
    ),
    "Update its own role's stack": attempt(
        "cloudformation:UpdateStack", StackName="rights-deploy"
    ),
    "Update the lake": attempt("cloudformation:UpdateStack", StackName="rights-lake"),
    "Remove the lake": attempt("cloudformation:DeleteStack", StackName="rights-lake"),
    "Remove its own role's stack": attempt(
        "cloudformation:DeleteStack", StackName="rights-deploy"
    ),
    "Read the Prefect server's template": attempt(
        "cloudformation:GetTemplate", StackName="rights-server"
    ),
    "Remove the platform": attempt("cloudformation:DeleteStack", StackName="rights"),
    "Update without a change set, so that nothing is shown before": attempt(
        "cloudformation:UpdateStack", StackName="rights", RoleARN="$StackRoleArn"
    ),
    "Continue a rollback with a role of its own choice": attempt(
        "cloudformation:ContinueUpdateRollback",
        StackName="rights-foundation",
        RoleARN=ADMINISTRATOR,
    ),
    "Make stacks in other regions": attempt(
        "cloudformation:CreateStackSet",
        StackSetName="rights",
        AdministrationRoleARN=ADMINISTRATOR,
    ),
    "Move resources from one stack to another": attempt(
        "cloudformation:CreateStackRefactor",
        StackDefinitions=[{"StackName": "rights-foundation"}, {"StackName": "rights"}],
    ),
    "Replace the code behind a resource type": attempt(
        "cloudformation:RegisterType",
        TypeName="AWS::IAM::Role::MODULE",
        SchemaHandlerPackage="s3://theirs/package.zip",
    ),
    "Make a user by Cloud Control": attempt(
        "cloudcontrol:CreateResource", TypeName="AWS::IAM::User", DesiredState="{}"
    ),
    # rights of its own
    "Be CloudFormation's role": attempt("sts:AssumeRole", RoleArn="$StackRoleArn"),
    "Give itself every right": attempt(
        "iam:PutRolePolicy",
        RoleName="$DeployRoleName",
        PolicyName="all",
        PolicyDocument=EVERYTHING,
    ),
    "Attach the administrator's policy to CloudFormation's role": attempt(
        "iam:AttachRolePolicy", RoleName="$StackRoleName", PolicyArn=FULL_ACCESS
    ),
    "Let another account assume its role": attempt(
        "iam:UpdateAssumeRolePolicy",
        RoleName="$DeployRoleName",
        PolicyDocument=EVERYBODY,
    ),
    "Trust another identity provider": attempt(
        "iam:CreateOpenIDConnectProvider", Url="https://theirs.example.org"
    ),
    "Start a function as an administrator": attempt(
        "lambda:CreateFunction", FunctionName="theirs", Role=ADMINISTRATOR
    ),
    "Build as an administrator": attempt(
        "codebuild:CreateProject", serviceRole=ADMINISTRATOR
    ),
    # secrets
    "Read a secret beside Prefect's": attempt(
        "secretsmanager:GetSecretValue", SecretId=secret("prefect-admin/api-key")
    ),
    "Read Prefect's secret of another region": attempt(
        "secretsmanager:GetSecretValue",
        SecretId=arn("secretsmanager", "secret:prefect/api-key-a1B2c3", "us-east-1"),
        region="us-east-1",
    ),
    "Show Prefect's secret to another account": attempt(
        "secretsmanager:PutResourcePolicy",
        SecretId=secret("prefect/api-key"),
        ResourcePolicy=EVERYBODY,
    ),
    "Decrypt whatever the key has encrypted": attempt("kms:Decrypt", KeyId="$KeyArn"),
    "Give another account the key": attempt(
        "kms:CreateGrant", KeyId="$KeyArn", GranteePrincipal=ADMINISTRATOR
    ),
    # images
    "Delete the images": attempt(
        "ecr:BatchDeleteImage", repositoryName="$RepositoryName"
    ),
    "Allow a tag to be overwritten": attempt(
        "ecr:PutImageTagMutability",
        repositoryName="$RepositoryName",
        imageTagMutability="MUTABLE",
    ),
    "Share the layers of the build with another account": attempt(
        "ecr:SetRepositoryPolicy",
        repositoryName="$CacheRepositoryName",
        policyText=EVERYBODY,
    ),
    "Replace another repository's image": attempt(
        "ecr:PutImage", repositoryName="theirs", imageTag="latest"
    ),
    "Share the repository with another account": attempt(
        "ecr:SetRepositoryPolicy",
        repositoryName="$RepositoryName",
        policyText=EVERYBODY,
    ),
    # machines and tasks
    "Open a shell on the server": attempt(
        "ssm:SendCommand", InstanceIds=[MACHINE], DocumentName=SHELL
    ),
    "Reach the database through the server": attempt(
        "ssm:StartSession", Target="$InstanceId", DocumentName=REMOTE
    ),
    "Forward a port of the NAT instance": attempt(
        "ssm:StartSession",
        Target="$NatInstanceId",
        DocumentName="AWS-StartPortForwardingSession",
    ),
    "End another's session": attempt(
        "ssm:TerminateSession", SessionId="person-0123456789abcdef0"
    ),
    "Open a shell in the worker": attempt(
        "ecs:ExecuteCommand", cluster="$ClusterArn", task="0123456789abcdef"
    ),
    "Change the worker's service": attempt(
        "ecs:UpdateService", cluster="$ClusterArn", service="$WorkerServiceName"
    ),
    "Copy the server's disk to another account": attempt(
        "ec2:ModifySnapshotAttribute",
        SnapshotId="snap-0123456789abcdef0",
        UserIds=[THEIRS],
    ),
    # data, and those who watch
    "Read the lake": attempt("s3:GetObject", Bucket="$BucketName", Key="rates/1"),
    "Read the runs' logs": attempt(
        "logs:FilterLogEvents", logGroupName="$FlowLogGroupName"
    ),
    "Raise the budget": attempt("budgets:UpdateBudget", BudgetName="rights-budget"),
    "Read a flow's secret": read("dlt/sources/hubspot"),
    "Delete the alarms": attempt("cloudwatch:DeleteAlarms", AlarmNames=["rights-a"]),
}
