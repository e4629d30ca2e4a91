"""The wheel of the Azure CLI extension. Inside az it depends on nothing but what az ships."""

from setuptools import find_packages, setup

VERSION = "1.0.0b1"

setup(
    name="aksegress",
    version=VERSION,
    description=(
        "Check a change of an AKS cluster's outbound type before it is made, make it safely and prove it, "
        "with `az aks egress check` and `az aks egress migrate`."
    ),
    long_description=open("README.md", encoding="utf-8").read() + "\n\n" + open("HISTORY.rst", encoding="utf-8").read(),
    long_description_content_type="text/markdown",
    license="MIT",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "Programming Language :: Python",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.8",
        "Programming Language :: Python :: 3.9",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "License :: OSI Approved :: MIT License",
    ],
    packages=find_packages(include=["azext_aksegress", "azext_aksegress.*"]),
    package_data={"azext_aksegress": ["azext_metadata.json"], "azext_aksegress.render": ["report.css", "report.js"]},
    python_requires=">=3.8",
    install_requires=[],
    extras_require={
        "standalone": [
            "azure-cli-core>=2.56.0",
            "azure-identity>=1.15.0",
            "azure-mgmt-containerservice>=28.0.0",
            "knack>=0.11.0",
        ],
        "dev": [
            "aiohttp>=3.9,<4",
            "axe-playwright-python>=0.1.4,<0.2",
            "azdev>=0.2.10",
            "hypothesis>=6.100,<7",
            "markdown-it-py>=3,<5",
            "mypy>=1.11,<2",
            "playwright>=1.45,<2",
            "pytest>=8,<10",
            "pytest-timeout>=2.3,<3",
            "pytest-xdist>=3.5,<4",
            "ruff>=0.6,<1",
            "trustme>=1.1,<2",
        ],
    },
)
