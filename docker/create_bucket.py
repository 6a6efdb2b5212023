"""Make a bucket in an S3 store, unless it is there: `python create_bucket.py NAME`."""

import os
import sys

import boto3
from botocore.exceptions import ClientError


def main(name: str) -> None:
    """Make the bucket; the store and the keys come from the environment, as for MLflow."""
    client = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"])
    try:
        client.head_bucket(Bucket=name)
        sys.stdout.write(f"There is a bucket {name}.\n")
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        region = client.meta.region_name
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client.create_bucket(Bucket=name, **place)
        sys.stdout.write(f"Made the bucket {name}.\n")


if __name__ == "__main__":
    main(sys.argv[1])
