"""`make deploy-manifests`: writes the manifests that repeat a table of the code."""

from deploy.kubernetes.written import FOLDER, written

if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text)
        print(f"wrote {path.relative_to(FOLDER)}")
