"""Under which permit an output's project goes on, and whom that permit names."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two fields more; the airlock fills them when it tells of an output next."""

    dependencies = [
        ('outputs', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='output',
            name='living',
            field=models.CharField(blank=True, db_index=True, default='', max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='output',
            name='takers',
            field=models.JSONField(default=list),
        ),
    ]
